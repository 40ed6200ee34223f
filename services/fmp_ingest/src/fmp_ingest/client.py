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

from fmp_collectors.answers import Answer, AnswerError, Kind, Verdict
from fmp_collectors.fetch import ends_bare
from fmp_collectors.judge import ANY_SHAPE, Shape
from fmp_ingest.bodies import LargeAnswer, read_csv, read_json
from fmp_ingest.calls import CallNumbers, Numbers, Receipt
from fmp_ingest.gate import Breaker, Gate, RetryPolicy
from fmp_ingest.limiter import Limiter, Turn
from fmp_ingest.pace import WINDOW_SECONDS, make_bulk_pace, make_pace
from fmp_ingest.quota import AccountQuota, Quota
from fmp_ingest.tally import Tally
from fmp_ingest.tickets import DatabaseTicketStore, TicketStore
from sra_shared.db import Pool
from sra_shared.errors import ConfigError, FatalError, RunParkedError, SraError
from sra_shared.http import make_outbound_transport, read_retry_after
from sra_shared.http.addresses import is_host_of, read_host
from sra_shared.logs import get_logger
from sra_shared.settings import FmpSettings

_log = get_logger(__name__)

_TIMEOUT = httpx.Timeout(30.0, connect=10.0, pool=None)
_CONNECTIONS = httpx.Limits(max_connections=64, max_keepalive_connections=64)
_JSON_SECONDS = 90.0
_CSV_SECONDS = 900.0
VENDOR_DOMAIN = "financialmodelingprep.com"
STAND_IN_HEADER = "X-SRA-Stand-In"
_UNJUDGED = Answer(Verdict(Kind.NO_ANSWER, "the response was not classified"))


class AccountError(FatalError):
    """The key does not work: no call can succeed until a person acts, so the run ends."""


class RefusedSourceError(ConfigError):
    """A sandbox is paired with real data, or a real database with made-up data; nothing may be stored."""


def check_source(base_url: str, *, is_sandbox: bool) -> None:
    """Raise RefusedSourceError if a sandbox would be filled from the vendor itself."""
    host = read_host(base_url, "FMP_BASE_URL")
    if is_sandbox and is_host_of(host, VENDOR_DOMAIN):
        raise RefusedSourceError(
            f"This database is a sandbox for made-up data, but FMP_BASE_URL is the vendor's own host ({host}).",
            next_step="Use a database that was migrated without --sandbox, or set FMP_BASE_URL to the stand-in.",
        )


@dataclass(frozen=True)
class Reply:
    """The outcome of a call, the seconds that the vendor asks to wait, when the call was sent, and the receipt of its rows.

    The answer of a `large` reply is a placeholder until it is settled.
    """

    answer: Answer
    retry_after: float | None = None
    sent_at: float = 0.0
    receipt: Receipt | None = None
    large: LargeAnswer | None = None

    async def settle(self) -> Reply:
        """Return the reply with its answer classified, if that is still to be done."""
        if self.large is None:
            return self
        answer, receipt = await self.large.judge()
        return replace(self, answer=answer, receipt=receipt, large=None)


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
        tally: Tally,
        numbers: Numbers,
        policy: RetryPolicy,
        breaker: Breaker,
        is_sandbox: bool,
        most_bytes: int,
    ) -> None:
        """`most_bytes` is the largest allowed size of a bulk file."""
        self.calls = calls
        self.tally = tally
        self._http = http
        self._bulk = bulk
        self._share = share
        self._quota = quota
        self._numbers = numbers
        self._policy = policy
        self._breaker = breaker
        self._is_sandbox = is_sandbox
        self._most_bytes = most_bytes
        self._account_gate = Gate("FMP", policy)
        self._gates: dict[str, Gate] = defaultdict(self._make_gate)
        self._ended: SraError | None = None
        self._bare_sizes: dict[str, int] = {}
        self._is_bare_usual = False

    def probe_account(self) -> None:
        """Let one call at a time through until one succeeds: whether the account has quota left is unknown."""
        self._account_gate.close()

    def _make_gate(self) -> Gate:
        policy = self._policy
        return Gate(
            "this endpoint of FMP", policy, failures_to_close=policy.failures_to_close, patience=policy.patience
        )

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        subject: str = "",
        is_bulk: bool = False,
        shape: Shape = ANY_SHAPE,
    ) -> Answer:
        """Return a successful response whose rows have the `shape`, after up to three retries if those can help.

        Raises AnswerError if there is none, RunParkedError if the account has no quota left, OutageError if the vendor is down,
        AccountError if its key does not work, RefusedSourceError if stand-in and database do not match.
        """
        attempt, limited_since = 0, float("inf")
        while True:
            answer, pause = await self._ask(
                path, params, is_bulk=is_bulk, shape=shape, attempt=attempt, limited_since=limited_since
            )
            verdict = answer.verdict
            if verdict.kind.is_ok:
                return answer
            if answer.csv is not None:
                cast("BinaryIO", answer.csv).close()
            if verdict.kind is Kind.RATE_LIMIT:
                # the account is exhausted, not the retries: the gate delays the next call, and three minutes without a success
                # park the run
                limited_since = min(limited_since, time.monotonic())
                if time.monotonic() - limited_since < self._policy.limit_patience:
                    continue
            if pause is None or attempt >= self._policy.retries:
                raise AnswerError(verdict, path=path, subject=subject)
            attempt += 1
            await asyncio.sleep(pause)

    async def _ask(
        self, path: str, params: Mapping[str, str], *, is_bulk: bool, shape: Shape, attempt: int, limited_since: float
    ) -> tuple[Answer, float | None]:
        """Make one call when the gates allow it; return the answer and the pause before a retry."""
        is_retry = attempt > 0 or limited_since < float("inf")
        while True:
            async with self._account_gate.passage() as may_account, self._gates[path].passage() as may_path:
                self._check_call(is_sent=False)
                reply = await self._call(
                    functools.partial(self._exchange, path, params, is_bulk=is_bulk, shape=shape),
                    is_bulk=is_bulk,
                    is_retry=is_retry,
                    may_go=lambda: may_account() and may_path(),
                )
                if reply is None:
                    continue
                if reply.large is None:
                    return await self._take(path, params, reply, attempt)
            # a large reply waits for its turn, and must hold neither the gates nor the limiter's turns that earlier calls need
            return await self._take(path, params, await reply.settle(), attempt)

    async def _take(
        self, path: str, params: Mapping[str, str], reply: Reply, attempt: int
    ) -> tuple[Answer, float | None]:
        """Evaluate a reply; return its answer and the pause before a retry."""
        pause = await self._weigh(path, reply, attempt + 1)
        return await self._name_call(path, params, reply), pause

    async def _name_call(self, path: str, params: Mapping[str, str], reply: Reply) -> Answer:
        """Return the answer; one with rows names the call that returned it."""
        if reply.receipt is None or not reply.receipt.rows:
            return reply.answer
        return replace(reply.answer, call=await self._numbers.make_call(path, params, reply.receipt))

    async def _weigh(self, path: str, reply: Reply, attempt: int) -> float | None:
        """Record what a reply shows about account and endpoint; return the pause before a retry, None for no retry."""
        try:
            return await self._judge(path, reply, attempt)
        except (RunParkedError, AccountError) as error:
            # this run may make no further call, whatever waits for its turn
            self._ended = error
            raise

    async def _judge(self, path: str, reply: Reply, attempt: int) -> float | None:
        verdict, retry_after = reply.answer.verdict, reply.retry_after
        kind = verdict.kind
        if kind.ends_run:
            raise AccountError(
                f"FMP refused the key: {verdict.message}",
                next_step="Check FMP_API_KEY and the account, then try again.",
            )
        if kind in (Kind.RATE_LIMIT, Kind.BANDWIDTH):
            self._account_gate.note_failure(retry_after, sent_at=reply.sent_at)
        if kind is Kind.BANDWIDTH:
            await self._quota.note_bandwidth()
        if not kind.is_ok and retry_after is not None and retry_after > self._policy.longest_retry_after:
            until = datetime.now(UTC) + timedelta(seconds=retry_after)
            raise RunParkedError(f"FMP requests a pause until {until:%Y-%m-%d %H:%M} UTC.", until=until)
        if kind is Kind.RATE_LIMIT:
            self.tally.count_throttled()
            await self._quota.note_limit()
            return 0.0
        if kind is Kind.BULK_THROTTLE:
            self.tally.count_throttled()
            return max(retry_after or 0.0, self._policy.pause(attempt, base=self._policy.gate_base * 3))
        if kind.may_pass:
            self._gates[path].note_failure(retry_after, sent_at=reply.sent_at)
            self._breaker.note_failure(path, verdict.message or kind)
            _log.info("call_failed", path=path, kind=kind, message=verdict.message, attempt=attempt)
            if self._breaker.is_down:
                raise self._breaker.make_error()
            return self._policy.pause(attempt) if retry_after is None else retry_after
        self._breaker.note_success()
        self._gates[path].note_success(reply.sent_at)
        if kind.is_ok:
            # the plan refuses these whether or not quota is left
            self._account_gate.note_success(reply.sent_at)
            await self._quota.note_success()
        return None

    def _check_call(self, *, is_sent: bool) -> None:
        """Raise the error that forbids every further call of this run, if there is one."""
        if self._ended is not None:
            raise self._ended
        self._breaker.check(is_sent=is_sent)

    async def _call(
        self,
        exchange: Callable[[list[Turn]], Awaitable[Reply]],
        *,
        is_bulk: bool,
        is_retry: bool,
        may_go: Callable[[], bool],
    ) -> Reply | None:
        """Call when it is our turn; return None if the gates closed meanwhile, so that the turn was not used."""
        async with AsyncExitStack() as stack:
            limiters = (self._bulk if is_bulk else None, self._share, self.calls)
            turns = [await stack.enter_async_context(each.turn()) for each in limiters if each is not None]
            # other calls may have failed while this one waited
            if not may_go():
                return None
            self._check_call(is_sent=True)
            for turn in turns:
                turn.is_sent = True
            self.tally.count_call(is_retry=is_retry)
            sent_at = time.monotonic()
            try:
                async with asyncio.timeout(_CSV_SECONDS if is_bulk else _JSON_SECONDS):
                    reply = await exchange(turns)
            except (httpx.RemoteProtocolError, httpx.DecodingError) as error:
                reply = Reply(Answer(Verdict(Kind.TRUNCATED, f"the response was cut off ({type(error).__name__})")))
            except (httpx.HTTPError, TimeoutError, OSError) as error:
                reply = Reply(Answer(Verdict(Kind.NO_ANSWER, f"no response ({type(error).__name__})")))
            return replace(reply, sent_at=sent_at)

    async def _exchange(
        self, path: str, params: Mapping[str, str], turns: list[Turn], *, is_bulk: bool, shape: Shape
    ) -> Reply:
        async with self._http.stream("GET", path, params=dict(params)) as response:
            for turn in turns:
                turn.is_answered = True
            self._check_stand_in(response)
            retry_after = read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            status = response.status_code
            if is_bulk:
                answer, receipt = await read_csv(response, status, shape, most_bytes=self._most_bytes)
                answer = self._doubt_end(f"{path} {sorted(params.items())}", answer)
                return Reply(answer, retry_after, receipt=receipt if answer.verdict.kind.is_ok else None)
            found = await read_json(response, status, shape)
            if isinstance(found, LargeAnswer):
                return Reply(_UNJUDGED, retry_after, large=found)
            answer, receipt = found
            return Reply(answer, retry_after, receipt=receipt)

    def _doubt_end(self, asked: str, answer: Answer) -> Answer:
        """Treat a file without a final line end as cut, until a second one of the same size shows that this is usual."""
        if answer.csv is None or self._is_bare_usual or not ends_bare(answer.csv):
            return answer
        size = answer.csv.seek(0, os.SEEK_END)
        answer.csv.seek(0)
        if self._bare_sizes.get(asked) == size:
            self._is_bare_usual = True
            return answer
        self._bare_sizes[asked] = size
        cast("BinaryIO", answer.csv).close()
        return Answer(Verdict(Kind.TRUNCATED, "the file does not end with a line break"))

    def _check_stand_in(self, response: httpx.Response) -> None:
        if STAND_IN_HEADER in response.headers and not self._is_sandbox:
            raise RefusedSourceError(
                f"{self._http.base_url.host} is the stand-in with made-up data, but this database is for real data.",
                next_step="Set FMP_BASE_URL to the vendor's host, or use a database that was migrated with --sandbox.",
            )


@dataclass(frozen=True)
class Account:
    """What the clients of an account share: tickets by budget, the state of its quota, and the numbers of its calls."""

    open_store: Callable[[str], TicketStore]
    quota: AccountQuota
    numbers: Numbers


def share_account(pool: Pool, run_id: UUID) -> Account:
    """Return the account as all processes on one database share it."""
    return Account(functools.partial(DatabaseTicketStore, pool), Quota(pool), CallNumbers(pool, run_id))


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
    account: Account,
    run_id: UUID,
    *,
    is_sandbox: bool,
    is_backfill: bool = False,
    policy: RetryPolicy | None = None,
    breaker: Breaker | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    window: float = WINDOW_SECONDS,
) -> AsyncIterator[FmpClient]:
    """Open a run's client; all clients of one account share one rate. Raises ConfigError without a key, RunParkedError.

    Clients of one process share `breaker`, so that each does not call a vendor that is down. `window` is the length in seconds of
    the window in which the vendor counts calls.
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
    tally = Tally(run_id)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_make_http(settings, key, transport))
        opened = {
            name: await stack.enter_async_context(Limiter(account.open_store(name), pace))
            for name, pace in paces.items()
        }
        client = FmpClient(
            http=http,
            calls=opened["calls"],
            bulk=opened["bulk"],
            share=opened.get("backfill"),
            quota=account.quota,
            tally=tally,
            numbers=account.numbers,
            policy=policy,
            breaker=breaker or Breaker(policy),
            is_sandbox=is_sandbox,
            most_bytes=settings.download_max_mb << 20,
        )
        if is_probing:
            client.probe_account()
        yield client
