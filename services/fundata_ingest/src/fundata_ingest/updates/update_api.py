"""Client of Fundata's update API: sign in, request an export, poll it, download it."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr

from fundata_ingest.updates.downloads import Downloaded, ExportDownloads
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.http import Bound, ExchangeError, HttpResponse, read_retry_after, send_request
from sra_shared.kit.http.addresses import AddressRules
from sra_shared.kit.logs import get_logger, hide_secrets
from sra_shared.kit.retry import Backoff
from sra_shared.kit.sandbox import SandboxGuard
from sra_shared.kit.settings import LimitSettings, OutboundSettings, read_default
from sra_shared.kit.texts import excerpt

log = get_logger(__name__)

_GUARD = SandboxGuard("fundataapi.com", "The update API", ("FUNDATA_AUTH_URL", "FUNDATA_API_URL"))
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_ATTEMPTS = 5
_RETRIED = {408, 425, 429, 500, 502, 503, 504}
_RESPONSE_BOUND = Bound.of(1 << 20)
_RESPONSE_SECONDS = 120.0
_EXECUTION_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
# characters allowed in a header
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_MOST_SIGN_INS = 3
Found = TypeVar("Found")


class ExportFailedError(RetryableError):
    """The vendor abandoned an export, or no longer knows it; a new one may succeed."""


class CredentialsError(FatalError):
    """The vendor refused key and secret: no request can succeed until a person acts."""


class _RepeatableError(Exception):
    """A call without a usable response; `after` are the seconds that the vendor asks to wait."""

    def __init__(self, after: float | None = None) -> None:
        self.after = after


class _DownloadError(RetryableError):
    """An interrupted download."""


@dataclass(frozen=True)
class ApiTiming:
    """Seconds: the first pauses before a retry and before the next poll of an export, the longest to which each grows, how long
    an export may take, and the longest Retry-After that is honoured."""

    pause: float = 0.5
    longest_pause: float = 30.0
    poll: float = 0.2
    longest_poll: float = 15.0
    poll_deadline: float = 1800.0
    longest_retry_after: float = 120.0

    @property
    def backoff(self) -> Backoff:
        """The pauses before a call is repeated."""
        return Backoff(self.pause, self.longest_pause, attempts=_ATTEMPTS)


@dataclass(frozen=True)
class FundataAccount:
    """The URLs of the update API, its credentials and timing, and the allowed hosts and size of exports.

    Without `export_hosts` exports may come from any public host.
    """

    key: SecretStr
    secret: SecretStr
    auth_url: str
    api_url: str
    timing: ApiTiming = ApiTiming()
    export_hosts: tuple[str, ...] = ()
    most_bytes: int = read_default(LimitSettings, "download_max_mb") << 20


def check_hosts(account: FundataAccount, *, is_sandbox: bool) -> None:
    """Raise ConfigError if a sandbox would be filled with the vendor's data."""
    urls = {"FUNDATA_AUTH_URL": account.auth_url, "FUNDATA_API_URL": account.api_url}
    _GUARD.check_addresses(urls, is_sandbox=is_sandbox)


class UpdateApi:
    """One session with the update API; the token is requested when needed and again once it has expired."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        account: FundataAccount,
        outbound: OutboundSettings,
        *,
        is_sandbox: bool,
        check: Callable[[], None] | None = None,
    ) -> None:
        """`outbound` are the settings for downloads. `check` is called before every request and raises if the work must stop."""
        check_hosts(account, is_sandbox=is_sandbox)
        hide_secrets([account.key.get_secret_value(), account.secret.get_secret_value()])
        self._client = client
        self._account = account
        self._is_sandbox = is_sandbox
        self._check = check or (lambda: None)
        self._token: str | None = None
        rules = AddressRules(account.export_hosts, account.api_url if is_sandbox else None, "FUNDATA_EXPORT_HOSTS")
        self._downloads = ExportDownloads(
            rules, account.most_bytes, outbound, check=self._check, check_response=self._check_stand_in
        )

    @property
    def has_host_list(self) -> bool:
        """Whether the allowed hosts of exports are listed."""
        return bool(self._account.export_hosts)

    async def request_export(self, endpoint: str, from_date: date, language: str | None) -> str:
        """Request the records changed at or after `from_date` and return the execution id."""
        params = {"fromdate": from_date.isoformat()}
        if language:
            params["language"] = language
        response = await self._request(endpoint, params)
        execution_id = str(response.get("execution_id") or "")
        if not _EXECUTION_ID.fullmatch(execution_id):
            raise RetryableError(f"{endpoint} returned no execution id.", next_step="It is requested again.")
        return execution_id

    async def wait_for_export(self, execution_id: str) -> str:
        """Return the URL of the finished export.

        Raises ExportFailedError if the vendor abandoned it, RetryableError if it is not done by the deadline.
        """
        timing = self._account.timing
        waited, pause = 0.0, timing.poll
        while True:
            response = await self._request(f"getresults/{execution_id}", {}, gone=True)
            status = str(response.get("status") or "")
            if status == "Succeeded" and isinstance(response.get("url"), str):
                return str(response["url"])
            if status != "Running":
                raise ExportFailedError(
                    f"Export {execution_id} ended with status {excerpt(status, 60) or '(no status)'!r}.",
                    next_step="A new export is requested.",
                )
            if waited >= timing.poll_deadline:
                raise RetryableError(
                    f"Export {execution_id} was not ready after {waited:.0f} s.", next_step="It is polled again later."
                )
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, timing.longest_poll)

    async def download(self, execution_id: str, target: Path) -> Downloaded:
        """Download a finished export into a file; request an expired link again.

        Raises RefusedAddressError if the vendor names a forbidden address.
        """

        async def fetch() -> Downloaded:
            url = await self.wait_for_export(execution_id)
            try:
                return await self._downloads.fetch(url, target)
            except RetryableError as error:
                raise _DownloadError(error.message, next_step=error.next_step) from error

        def report(error: BaseException, _: float) -> None:
            log.warning("export_download_repeated", execution_id=execution_id, error=str(error))

        repeat = self._account.timing.backoff.retrying(lambda error: isinstance(error, _DownloadError), report=report)
        return await repeat(fetch)

    async def _request(self, path: str, params: dict[str, str], *, gone: bool = False) -> dict[str, Any]:
        """Return a JSON response; with `gone`, a 404 means that the vendor no longer knows the export."""
        renewals = itertools.count(1)

        async def request_once() -> dict[str, Any]:
            if self._token is None:
                self._token = await self._sign_in()
            response = await self._send(
                "GET", f"{self._account.api_url}/{path}", params=params, headers={"Authorization": self._token}
            )
            if response.status_code in (401, 403) and next(renewals) < _MOST_SIGN_INS:
                self._token = None
                raise _RepeatableError(after=0.0)
            if response.status_code == httpx.codes.NOT_FOUND and gone:
                raise ExportFailedError(f"Fundata no longer has {path}.", next_step="A new export is requested.")
            if response.status_code in (401, 402, 403, 404):
                raise FatalError(
                    f"{path} returned status {response.status_code}: the account may not use it.",
                    next_step="Ask Fundata for access.",
                )
            return _read_object(response)

        return await self._repeat(request_once, path)

    async def _sign_in(self) -> str:
        return await self._repeat(self._sign_in_once, "Fundata's login")

    async def _sign_in_once(self) -> str:
        body = {"key": self._account.key.get_secret_value(), "secret": self._account.secret.get_secret_value()}
        response = await self._send("POST", f"{self._account.auth_url}/authenticate", json=body)
        if response.status_code in (400, 401, 403):
            raise CredentialsError(
                f"Fundata refused the credentials ({response.status_code}).",
                next_step="Check FUNDATA_ACCESS_KEY_ID and FUNDATA_SECRET_ACCESS_KEY.",
            )
        token = _read_object(response).get("token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise _RepeatableError
        hide_secrets([token])
        return token

    async def _repeat(self, call: Callable[[], Awaitable[Found]], what: str) -> Found:
        """Return the result of a call that is repeated while that may help."""
        longest = self._account.timing.longest_retry_after

        def find_pause(error: BaseException) -> float | None:
            after = error.after if isinstance(error, _RepeatableError) else None
            return None if after is None else min(after, longest)

        repeat = self._account.timing.backoff.retrying(
            lambda error: isinstance(error, _RepeatableError), requested=find_pause
        )
        try:
            return await repeat(call)
        except _RepeatableError as error:
            raise RetryableError(f"{what} returned no usable response.", next_step="It is retried later.") from error

    async def _send(self, method: str, url: str, **request: Any) -> HttpResponse:
        """Return the response; raises _RepeatableError if the call is worth repeating."""
        self._check()
        headers = {"Accept-Encoding": "gzip", **request.pop("headers", {})}
        try:
            response = await send_request(
                self._client,
                method,
                url,
                bound=_RESPONSE_BOUND,
                seconds=_RESPONSE_SECONDS,
                inspect=self._check_stand_in,
                timeout=_TIMEOUT,
                headers=headers,
                **request,
            )
        except ExchangeError as error:
            log.warning("update_api_call_failed", error=error.cause)
            raise _RepeatableError from error
        if response.status_code in _RETRIED:
            raise _RepeatableError(read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))
        return response

    def _check_stand_in(self, response: httpx.Response) -> None:
        _GUARD.check_response(response.headers, is_sandbox=self._is_sandbox)


def _read_object(response: HttpResponse) -> dict[str, Any]:
    """Return the JSON object of a successful response; raises _RepeatableError for errors, HTML and cut bodies."""
    if response.status_code != httpx.codes.OK:
        raise _RepeatableError
    try:
        found = response.read_json()
    except ValueError as error:
        raise _RepeatableError from error
    if not isinstance(found, dict):
        raise _RepeatableError
    return found
