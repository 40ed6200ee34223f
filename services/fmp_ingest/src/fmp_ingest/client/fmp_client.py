"""The HTTP client of the collectors: paces, classifies and retries calls, and sends the key in a header only."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, cast
from uuid import UUID

import httpx

from fmp_collectors.fetch import ends_bare
from fmp_collectors.record_shape import ANY_SHAPE, Shape
from fmp_collectors.responses import FmpResponse, ResponseError, ResponseKind, Verdict
from fmp_ingest.client.call_records import CallNumbers, Numbers, Receipt
from fmp_ingest.client.circuit_breaker import CircuitBreaker, OutageDetector, RetryPolicy
from fmp_ingest.client.response_bodies import LargeResponse, read_csv, read_json
from fmp_ingest.limiter.call_counts import CallCounts
from fmp_ingest.limiter.pace import WINDOW_SECONDS, make_bulk_pace, make_pace
from fmp_ingest.limiter.rate_limiter import Limiter, Turn
from fmp_ingest.limiter.token_pool import DatabaseTokenStore, TokenStore
from fmp_ingest.limiter.vendor_quota import AccountQuota, Quota
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError, FatalError, RunParkedError, SraError
from sra_shared.kit.http import make_outbound_transport, read_retry_after
from sra_shared.kit.logs import get_logger
from sra_shared.kit.sandbox import SandboxGuard
from sra_shared.kit.settings import FmpSettings

_log = get_logger(__name__)

_TIMEOUT = httpx.Timeout(30.0, connect=10.0, pool=None)
_CONNECTIONS = httpx.Limits(max_connections=64, max_keepalive_connections=64)
_JSON_SECONDS = 90.0
_CSV_SECONDS = 900.0
_GUARD = SandboxGuard("financialmodelingprep.com", "The host of FMP_BASE_URL", ("FMP_BASE_URL",))
_UNCLASSIFIED = FmpResponse(Verdict(ResponseKind.NO_ANSWER, "the response was not classified"))


class AccountError(FatalError):
    """The key does not work: no call can succeed until a person acts, so the run ends."""


def check_source(base_url: str, *, is_sandbox: bool) -> None:
    """Raise RefusedSourceError if a sandbox would be filled from the vendor itself."""
    _GUARD.check_addresses({"FMP_BASE_URL": base_url}, is_sandbox=is_sandbox)


@dataclass(frozen=True)
class CallOutcome:
    """The outcome of a call, the seconds that the vendor asks to wait, when the call was sent, and the receipt of its rows.

    The response of a `large` outcome is a placeholder until it is settled.
    """

    response: FmpResponse
    retry_after: float | None = None
    sent_at: float = 0.0
    receipt: Receipt | None = None
    large: LargeResponse | None = None

    async def settle(self) -> CallOutcome:
        """Return the outcome with its response classified, if that is still to be done."""
        if self.large is None:
            return self
        response, receipt = await self.large.classify()
        return replace(self, response=response, receipt=receipt, large=None)


class FmpClient:
    """One run's access to FMP; see `open_client`."""

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        calls: Limiter,
        bulk: Limiter,
        share: Limiter | None,
        quota: AccountQuota,
        call_counts: CallCounts,
        numbers: Numbers,
        policy: RetryPolicy,
        detector: OutageDetector,
        is_sandbox: bool,
        most_bytes: int,
    ) -> None:
        """`most_bytes` is the largest allowed size of a bulk file."""
        self.calls = calls
        self.call_counts = call_counts
        self._http = http
        self._bulk = bulk
        self._share = share
        self._quota = quota
        self._numbers = numbers
        self._policy = policy
        self._detector = detector
        self._is_sandbox = is_sandbox
        self._most_bytes = most_bytes
        self._account_breaker = CircuitBreaker("FMP", policy)
        self._breakers: dict[str, CircuitBreaker] = defaultdict(self._make_breaker)
        self._ended: SraError | None = None
        self._bare_sizes: dict[str, int] = {}
        self._is_bare_usual = False

    def probe_account(self) -> None:
        """Pass one call at a time until one succeeds, because it is unknown whether the account has quota left."""
        self._account_breaker.trip()

    def _make_breaker(self) -> CircuitBreaker:
        policy = self._policy
        return CircuitBreaker(
            "this endpoint of FMP", policy, failures_to_open=policy.failures_to_open, patience=policy.patience
        )

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        subject: str = "",
        is_bulk: bool = False,
        shape: Shape = ANY_SHAPE,
    ) -> FmpResponse:
        """Return a successful response whose rows have the `shape`, after up to three retries if those can help.

        Raises ResponseError if there is none, RunParkedError if the account has no quota left, OutageError if the vendor is down,
        AccountError if its key does not work, RefusedSourceError if stand-in and database do not match.
        """
        attempt, limited_since = 0, float("inf")
        while True:
            response, pause = await self._request(
                path, params, is_bulk=is_bulk, shape=shape, attempt=attempt, limited_since=limited_since
            )
            verdict = response.verdict
            if verdict.kind.is_ok:
                return response
            if response.csv is not None:
                cast("BinaryIO", response.csv).close()
            if verdict.kind is ResponseKind.RATE_LIMIT:
                # the account is exhausted, not the retries: the breaker delays the next call, and three minutes without a success
                # park the run
                limited_since = min(limited_since, time.monotonic())
                if time.monotonic() - limited_since < self._policy.limit_patience:
                    continue
            if pause is None or attempt >= self._policy.retries:
                raise ResponseError(verdict, path=path, subject=subject)
            attempt += 1
            await asyncio.sleep(pause)

    async def _request(
        self, path: str, params: Mapping[str, str], *, is_bulk: bool, shape: Shape, attempt: int, limited_since: float
    ) -> tuple[FmpResponse, float | None]:
        """Make one call when the circuit breakers allow it; return the response and the pause before a retry."""
        is_retry = attempt > 0 or limited_since < float("inf")
        while True:
            async with self._account_breaker.pass_call() as may_account, self._breakers[path].pass_call() as may_path:
                self._check_call(is_sent=False)
                outcome = await self._call(
                    functools.partial(self._exchange, path, params, is_bulk=is_bulk, shape=shape),
                    is_bulk=is_bulk,
                    is_retry=is_retry,
                    may_go=lambda: may_account() and may_path(),
                )
                if outcome is None:
                    continue
                if outcome.large is None:
                    return await self._finish_call(path, params, outcome, attempt)
            # a waiting large response must hold neither the breakers nor the limiter's turns that earlier calls need
            return await self._finish_call(path, params, await outcome.settle(), attempt)

    async def _finish_call(
        self, path: str, params: Mapping[str, str], outcome: CallOutcome, attempt: int
    ) -> tuple[FmpResponse, float | None]:
        """Evaluate an outcome; return its response and the pause before a retry."""
        pause = await self._evaluate(path, outcome, attempt + 1)
        return await self._name_call(path, params, outcome), pause

    async def _name_call(self, path: str, params: Mapping[str, str], outcome: CallOutcome) -> FmpResponse:
        """Return the response; one with rows refers to its call."""
        if outcome.receipt is None or not outcome.receipt.rows:
            return outcome.response
        return replace(outcome.response, call=await self._numbers.make_call(path, params, outcome.receipt))

    async def _evaluate(self, path: str, outcome: CallOutcome, attempt: int) -> float | None:
        """Record what an outcome shows about account and endpoint; return the pause before a retry, None for no retry."""
        try:
            return await self._decide_retry(path, outcome, attempt)
        except (RunParkedError, AccountError) as error:
            # this run may make no further call, even if some wait for their turn
            self._ended = error
            raise

    async def _decide_retry(self, path: str, outcome: CallOutcome, attempt: int) -> float | None:
        verdict, retry_after = outcome.response.verdict, outcome.retry_after
        kind = verdict.kind
        if kind.ends_run:
            raise AccountError(
                f"FMP refused the key: {verdict.message}",
                next_step="Check FMP_API_KEY and the account, then try again.",
            )
        if kind in (ResponseKind.RATE_LIMIT, ResponseKind.BANDWIDTH):
            self._account_breaker.record_failure(retry_after, sent_at=outcome.sent_at)
        if kind is ResponseKind.BANDWIDTH:
            await self._quota.record_bandwidth()
        if not kind.is_ok and retry_after is not None and retry_after > self._policy.longest_retry_after:
            until = datetime.now(UTC) + timedelta(seconds=retry_after)
            raise RunParkedError(f"FMP requests a pause until {until:%Y-%m-%d %H:%M} UTC.", until=until)
        if kind is ResponseKind.RATE_LIMIT:
            self.call_counts.count_throttled()
            await self._quota.record_limit()
            return 0.0
        if kind is ResponseKind.BULK_THROTTLE:
            self.call_counts.count_throttled()
            return max(retry_after or 0.0, self._policy.pause(attempt, base=self._policy.breaker_base * 3))
        if kind.may_pass:
            self._breakers[path].record_failure(retry_after, sent_at=outcome.sent_at)
            self._detector.record_failure(path, verdict.message or kind)
            _log.info("call_failed", path=path, kind=kind, message=verdict.message, attempt=attempt)
            if self._detector.is_down:
                raise self._detector.make_error()
            return self._policy.pause(attempt) if retry_after is None else retry_after
        self._detector.record_success()
        self._breakers[path].record_success(outcome.sent_at)
        if kind.is_ok:
            # the plan refuses these whether or not quota is left
            self._account_breaker.record_success(outcome.sent_at)
            await self._quota.record_success()
        return None

    def _check_call(self, *, is_sent: bool) -> None:
        """Raise the error that forbids every further call of this run, if there is one."""
        if self._ended is not None:
            raise self._ended
        self._detector.check(is_sent=is_sent)

    async def _call(
        self,
        exchange: Callable[[list[Turn]], Awaitable[CallOutcome]],
        *,
        is_bulk: bool,
        is_retry: bool,
        may_go: Callable[[], bool],
    ) -> CallOutcome | None:
        """Call when it is our turn; return None, without using the turn, if a breaker opened meanwhile."""
        async with AsyncExitStack() as stack:
            limiters = (self._bulk if is_bulk else None, self._share, self.calls)
            turns = [await stack.enter_async_context(each.turn()) for each in limiters if each is not None]
            # other calls may have failed while this one waited
            if not may_go():
                return None
            self._check_call(is_sent=True)
            for turn in turns:
                turn.is_sent = True
            self.call_counts.count_call(is_retry=is_retry)
            sent_at = time.monotonic()
            try:
                async with asyncio.timeout(_CSV_SECONDS if is_bulk else _JSON_SECONDS):
                    outcome = await exchange(turns)
            except (httpx.RemoteProtocolError, httpx.DecodingError) as error:
                outcome = CallOutcome(
                    FmpResponse(Verdict(ResponseKind.TRUNCATED, f"the response was cut off ({type(error).__name__})"))
                )
            except (httpx.HTTPError, TimeoutError, OSError) as error:
                outcome = CallOutcome(
                    FmpResponse(Verdict(ResponseKind.NO_ANSWER, f"no response ({type(error).__name__})"))
                )
            return replace(outcome, sent_at=sent_at)

    async def _exchange(
        self, path: str, params: Mapping[str, str], turns: list[Turn], *, is_bulk: bool, shape: Shape
    ) -> CallOutcome:
        async with self._http.stream("GET", path, params=dict(params)) as http_response:
            for turn in turns:
                turn.has_response = True
            _GUARD.check_response(http_response.headers, is_sandbox=self._is_sandbox)
            retry_after = read_retry_after(http_response.headers.get("Retry-After"), datetime.now(UTC))
            status = http_response.status_code
            if is_bulk:
                response, receipt = await read_csv(http_response, status, shape, most_bytes=self._most_bytes)
                response = self._check_end(f"{path} {sorted(params.items())}", response)
                return CallOutcome(response, retry_after, receipt=receipt if response.verdict.kind.is_ok else None)
            found = await read_json(http_response, status, shape)
            if isinstance(found, LargeResponse):
                return CallOutcome(_UNCLASSIFIED, retry_after, large=found)
            response, receipt = found
            return CallOutcome(response, retry_after, receipt=receipt)

    def _check_end(self, request_key: str, response: FmpResponse) -> FmpResponse:
        """Treat a file without a final line end as cut, until a second one of the same size shows that this is usual."""
        if response.csv is None or self._is_bare_usual or not ends_bare(response.csv):
            return response
        size = response.csv.seek(0, os.SEEK_END)
        response.csv.seek(0)
        if self._bare_sizes.get(request_key) == size:
            self._is_bare_usual = True
            return response
        self._bare_sizes[request_key] = size
        cast("BinaryIO", response.csv).close()
        return FmpResponse(Verdict(ResponseKind.TRUNCATED, "the file does not end with a line break"))


@dataclass(frozen=True)
class FmpAccount:
    """What the clients of an account share: tokens by budget, the state of its quota, and the numbers of its calls."""

    open_token_store: Callable[[str], TokenStore]
    quota: AccountQuota
    numbers: Numbers


def share_account(pool: Pool, run_id: UUID) -> FmpAccount:
    """Return the account as all processes on one database share it."""
    return FmpAccount(functools.partial(DatabaseTokenStore, pool), Quota(pool), CallNumbers(pool, run_id))


def _make_http(settings: FmpSettings, key: str, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=settings.fmp_base_url.rstrip("/") + "/",
        headers={"apikey": key, "accept-encoding": "gzip", "user-agent": "sra-data"},
        timeout=_TIMEOUT,
        follow_redirects=False,
        transport=transport or make_outbound_transport(settings, limits=_CONNECTIONS),
    )


@asynccontextmanager
async def open_client(
    settings: FmpSettings,
    account: FmpAccount,
    run_id: UUID,
    *,
    is_sandbox: bool,
    is_backfill: bool = False,
    policy: RetryPolicy | None = None,
    detector: OutageDetector | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    window: float = WINDOW_SECONDS,
) -> AsyncIterator[FmpClient]:
    """Open a run's client; all clients of one account share one rate. Raises ConfigError without a key, RunParkedError.

    Clients of one process share `detector`, so that each does not call a vendor that is down. `window` is the length in seconds
    of the window in which the vendor counts calls.
    """
    policy = policy or RetryPolicy()
    key = settings.fmp_api_key.get_secret_value() if settings.fmp_api_key else None
    if not key:
        raise ConfigError("FMP_API_KEY is not set.", next_step="Set it to the key of the FMP account.")
    check_source(settings.fmp_base_url, is_sandbox=is_sandbox)
    is_probing = await account.quota.check()
    rate = settings.fmp_max_calls_per_minute
    paces = {"calls": make_pace(rate, window=window), "bulk": make_bulk_pace(settings.fmp_bulk_calls_per_minute)}
    if is_backfill:
        paces["backfill"] = make_pace(max(1, int(rate * settings.fmp_backfill_share)), window=window)
    call_counts = CallCounts(run_id)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_make_http(settings, key, transport))
        opened = {
            name: await stack.enter_async_context(Limiter(account.open_token_store(name), pace))
            for name, pace in paces.items()
        }
        client = FmpClient(
            http=http,
            calls=opened["calls"],
            bulk=opened["bulk"],
            share=opened.get("backfill"),
            quota=account.quota,
            call_counts=call_counts,
            numbers=account.numbers,
            policy=policy,
            detector=detector or OutageDetector(policy),
            is_sandbox=is_sandbox,
            most_bytes=settings.download_max_mb << 20,
        )
        if is_probing:
            client.probe_account()
        yield client
