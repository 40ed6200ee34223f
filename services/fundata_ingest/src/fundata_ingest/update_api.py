"""Client of Fundata's update API: sign in, ask for an export, ask how far it is, fetch it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from pydantic import SecretStr

from sra_shared.errors import ConfigError, FatalError, RetryableError
from sra_shared.logs import get_logger, hide_secrets

log = get_logger(__name__)

STAND_IN_HEADER = "X-SRA-Stand-In"
VENDOR_DOMAIN = "fundataapi.com"
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_RETRIES = 4
_RETRIED = {408, 425, 429, 500, 502, 503, 504}
_MOST_SECONDS = 30.0
_MOST_JSON_BYTES = 1 << 20
_EXECUTION_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_POLL_SECONDS, _LONGEST_POLL = 0.2, 15.0
_MOST_SIGN_INS = 3


@dataclass(frozen=True)
class Answer:
    """What the API said; `body` is None where it was too long to be one of its answers."""

    status_code: int
    headers: httpx.Headers
    body: bytes | None


class ExportFailedError(RetryableError):
    """The vendor gave an export up, or knows it no longer; a new one may succeed."""


@dataclass(frozen=True)
class Account:
    """Where the update API is and who asks; `poll_deadline` is how long an export may take, in seconds."""

    key: SecretStr
    secret: SecretStr
    auth_url: str
    api_url: str
    poll_deadline: float = 1800.0


def check_hosts(account: Account, *, is_sandbox: bool) -> None:
    """Raise ConfigError where a sandbox would be filled with the vendor's data."""
    for url in (account.auth_url, account.api_url):
        host = httpx.URL(url).host.lower()
        if is_sandbox and (host == VENDOR_DOMAIN or host.endswith(f".{VENDOR_DOMAIN}")):
            raise ConfigError(
                f"This database is a sandbox, for made-up data only, and {host} is the vendor's own host.",
                next_step="Use a database migrated without --sandbox, or point FUNDATA_AUTH_URL and FUNDATA_API_URL at the"
                " stand-in.",
            )


class UpdateApi:
    """One session with the update API; the token is fetched when needed and again when it has expired."""

    def __init__(
        self, client: httpx.AsyncClient, account: Account, *, is_sandbox: bool, check: Callable[[], None] | None = None
    ) -> None:
        """`check` is called before every request and raises where the work must stop."""
        check_hosts(account, is_sandbox=is_sandbox)
        hide_secrets([account.key.get_secret_value(), account.secret.get_secret_value()])
        self._client = client
        self._account = account
        self._is_sandbox = is_sandbox
        self._check = check or (lambda: None)
        self._token: str | None = None

    async def request_export(self, endpoint: str, from_date: date, language: str | None) -> str:
        """Ask for the records changed at or after `from_date` and return the execution id."""
        params = {"fromdate": from_date.isoformat()}
        if language:
            params["language"] = language
        answer = await self._ask(endpoint, params)
        execution_id = str(answer.get("execution_id") or "")
        if not _EXECUTION_ID.fullmatch(execution_id):
            raise RetryableError(f"{endpoint} answered without an execution id.", next_step="It is asked again.")
        return execution_id

    async def wait_for_export(self, execution_id: str) -> str:
        """Return the address of the finished export.

        Raises ExportFailedError where the vendor gave it up, RetryableError where it is not done by the deadline.
        """
        waited, pause = 0.0, _POLL_SECONDS
        while True:
            answer = await self._ask(f"getresults/{execution_id}", {}, gone=True)
            status = str(answer.get("status") or "")
            if status == "Succeeded" and isinstance(answer.get("url"), str):
                return str(answer["url"])
            if status != "Running":
                raise ExportFailedError(
                    f"Export {execution_id} ended as {status[:60] or '(no status)'!r}.",
                    next_step="A new one is asked for.",
                )
            if waited >= self._account.poll_deadline:
                raise RetryableError(
                    f"Export {execution_id} was not ready after {waited:.0f} s.", next_step="It is asked again later."
                )
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, _LONGEST_POLL)

    async def download(self, execution_id: str, target: Path) -> str:
        """Fetch a finished export into a file and return its SHA-256; a link that expired is asked for again."""
        for attempt in range(_RETRIES + 1):
            url = await self.wait_for_export(execution_id)
            try:
                return await self._stream(url, target)
            except RetryableError as error:
                if attempt == _RETRIES:
                    raise
                log.warning("export_download_repeated", execution_id=execution_id, error=str(error))
            await _pause(attempt, None)
        raise RetryableError(f"Export {execution_id} could not be fetched.", next_step="It is tried again later.")

    async def _stream(self, url: str, target: Path) -> str:
        # the link carries its own signature; the token is for the vendor's doors only
        digest = hashlib.sha256()
        self._check()
        output: BinaryIO = await asyncio.to_thread(target.open, "wb")
        with output:
            try:
                async with self._client.stream("GET", url, timeout=_TIMEOUT) as answer:
                    self._check_answer(answer)
                    if answer.status_code != httpx.codes.OK:
                        raise RetryableError(
                            f"The download answered {answer.status_code}.", next_step="A new link is asked for."
                        )
                    async for piece in answer.aiter_bytes(1 << 18):
                        self._check()
                        digest.update(piece)
                        await asyncio.to_thread(output.write, piece)
            except httpx.HTTPError as error:
                raise RetryableError(
                    f"The download broke off ({type(error).__name__}).", next_step="It is fetched again."
                ) from error
        return digest.hexdigest()

    async def _ask(self, path: str, params: dict[str, str], *, gone: bool = False) -> dict[str, Any]:
        """Return a JSON answer; with `gone`, a 404 means that the vendor no longer knows the export."""
        renewals = 1
        for attempt in range(_RETRIES + 1):
            if self._token is None:
                self._token = await self._sign_in()
            answer = await self._send(
                "GET", f"{self._account.api_url}/{path}", attempt, params=params, headers={"Authorization": self._token}
            )
            if answer is None:
                continue
            if answer.status_code in (401, 403) and renewals < _MOST_SIGN_INS:
                renewals, self._token = renewals + 1, None
                continue
            if answer.status_code == httpx.codes.NOT_FOUND and gone:
                raise ExportFailedError(f"The vendor no longer knows {path}.", next_step="A new export is asked for.")
            if answer.status_code in (401, 402, 403, 404):
                raise FatalError(
                    f"{path} answered {answer.status_code}: the account may not use it.", next_step="Ask Fundata."
                )
            found = _read_object(answer)
            if found is not None:
                return found
            await _pause(attempt, None)
        raise RetryableError(f"{path} gave no usable answer.", next_step="It is tried again later.")

    async def _sign_in(self) -> str:
        body = {"key": self._account.key.get_secret_value(), "secret": self._account.secret.get_secret_value()}
        for attempt in range(_RETRIES + 1):
            answer = await self._send("POST", f"{self._account.auth_url}/authenticate", attempt, json=body)
            if answer is None:
                continue
            if answer.status_code in (400, 401, 403):
                raise FatalError(
                    f"Fundata refused the credentials ({answer.status_code}).",
                    next_step="Check FUNDATA_ACCESS_KEY_ID and FUNDATA_SECRET_ACCESS_KEY.",
                )
            token = (_read_object(answer) or {}).get("token")
            if isinstance(token, str) and token:
                hide_secrets([token])
                return token
            await _pause(attempt, None)
        raise RetryableError("Fundata's login gave no usable answer.", next_step="It is tried again later.")

    async def _send(self, method: str, url: str, attempt: int, **request: Any) -> Answer | None:
        """Return the answer, or None after a pause where the call is worth repeating."""
        self._check()
        try:
            async with self._client.stream(method, url, timeout=_TIMEOUT, **request) as response:
                self._check_answer(response)
                answer = Answer(response.status_code, response.headers, await _read_body(response))
        except httpx.HTTPError as error:
            log.warning("update_api_call_failed", error=type(error).__name__)
            await _pause(attempt, None)
            return None
        if answer.status_code in _RETRIED:
            await _pause(attempt, answer.headers.get("Retry-After"))
            return None
        return answer

    def _check_answer(self, answer: httpx.Response) -> None:
        if STAND_IN_HEADER in answer.headers and not self._is_sandbox:
            raise ConfigError(
                "The update API is a stand-in with made-up data, and this database is for real data.",
                next_step="Use a database of its own, migrated by `./sra migrate --sandbox`.",
            )


async def _read_body(response: httpx.Response) -> bytes | None:
    """Return the body; None where it is longer than any answer of this API, of which no more is read."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _MOST_JSON_BYTES:
            log.warning("update_api_answer_too_long", status=response.status_code, path=response.url.path)
            return None
    return bytes(body)


def _read_object(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON object of a good answer; None for errors, HTML, cut or endless bodies and anything else."""
    if answer.status_code != httpx.codes.OK or answer.body is None:
        return None
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


async def _pause(attempt: int, retry_after: str | None) -> None:
    seconds = min(0.5 * 2.0**attempt, _MOST_SECONDS) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter is no secret
    if retry_after is not None and retry_after.isdigit():
        seconds = min(float(retry_after), 120.0)
    await asyncio.sleep(seconds)
