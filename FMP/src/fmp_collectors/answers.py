"""What the vendor's answers mean: every answer is classified by status and body before anything reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NoReturn, Protocol

HEAD_BYTES = 65_536


class Kind(StrEnum):
    """What an answer is."""

    OK_JSON = "ok_json"
    OK_CSV = "ok_csv"
    RATE_LIMIT = "rate_limit"
    BANDWIDTH = "bandwidth"
    BULK_THROTTLE = "bulk_throttle"
    INVALID_KEY = "invalid_key"
    SUSPENDED = "suspended"
    LEGACY = "legacy"
    FORBIDDEN = "forbidden"
    PLAN_ENDPOINT = "plan_endpoint"
    PLAN_VALUE = "plan_value"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    SERVER_ERROR = "server_error"
    HTML = "html"
    TRUNCATED = "truncated"
    ERROR_IN_200 = "error_in_200"
    TOO_LARGE = "too_large"
    NO_ANSWER = "no_answer"

    @property
    def is_ok(self) -> bool:
        """Whether the answer holds data; an empty list is data."""
        return self in (Kind.OK_JSON, Kind.OK_CSV)

    @property
    def may_pass(self) -> bool:
        """Whether asking again soon can help."""
        return self in _MAY_PASS

    @property
    def ends_run(self) -> bool:
        """Whether no further call with this key can succeed until a person acts."""
        return self in (Kind.INVALID_KEY, Kind.SUSPENDED)


_MAY_PASS = frozenset(
    {Kind.RATE_LIMIT, Kind.BULK_THROTTLE, Kind.SERVER_ERROR, Kind.HTML, Kind.TRUNCATED, Kind.NO_ANSWER}
)

# the first text that the lower-case message contains names the kind
_BY_TEXT: tuple[tuple[str, Kind], ...] = (
    ("bandwidth limit", Kind.BANDWIDTH),
    ("this is a bulk endpoint", Kind.BULK_THROTTLE),
    ("limit reach", Kind.RATE_LIMIT),
    ("invalid api key", Kind.INVALID_KEY),
    ("account suspended", Kind.SUSPENDED),
    ("legacy endpoint", Kind.LEGACY),
    ("premium query parameter", Kind.PLAN_VALUE),
    ("this value set for", Kind.PLAN_VALUE),
    ("restricted endpoint", Kind.PLAN_ENDPOINT),
    ("exclusive endpoint", Kind.PLAN_ENDPOINT),
    ("special endpoint", Kind.PLAN_ENDPOINT),
    ("query error", Kind.BAD_REQUEST),
)
_BY_STATUS = {
    400: Kind.BAD_REQUEST,
    401: Kind.INVALID_KEY,
    402: Kind.PLAN_ENDPOINT,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    408: Kind.SERVER_ERROR,
    429: Kind.RATE_LIMIT,
}


@dataclass(frozen=True)
class Verdict:
    """What an answer is, what it said where it is no data, and its rows where it is JSON data."""

    kind: Kind
    message: str = ""
    rows: tuple[Any, ...] = ()


class Body(Protocol):
    """A binary file with the whole answer, at its start."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True)
class Answer:
    """A good answer: its rows where it was JSON, the open file where it was CSV."""

    verdict: Verdict
    csv: Body | None = None


class AnswerError(Exception):
    """The vendor did not give data; `kind` says what it gave instead, `path` what was asked."""

    def __init__(self, verdict: Verdict, *, path: str, subject: str = "") -> None:
        asked = f"{path} ({subject})" if subject else path
        super().__init__(f"FMP answered {asked} with {verdict.kind}: {verdict.message or 'no text'}")
        self.kind = verdict.kind
        self.message = verdict.message
        self.path = path
        self.subject = subject


def classify_answer(status: int, body: bytes, *, expects_csv: bool = False) -> Verdict:
    """Say what an answer is. `body` is the whole of it, or the first 64 KB where CSV is expected."""
    text = body[:HEAD_BYTES].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    payload, is_json = _read_json(body) if text.startswith(("[", "{")) else (None, False)
    said = _find_error(payload) if is_json else None
    if not 200 <= status < 300 or text.startswith("<"):
        return _judge_refusal(status, said if said is not None else _shorten(text))
    if said is not None:
        return Verdict(_find_kind(said) or Kind.ERROR_IN_200, said)
    if is_json:
        return Verdict(Kind.OK_JSON, rows=tuple(payload) if isinstance(payload, list) else (payload,))
    if expects_csv and "," in text.split("\n", 1)[0] and not text.startswith(("[", "{")):
        return Verdict(Kind.OK_CSV)
    return Verdict(Kind.TRUNCATED, f"HTTP {status} with a body that is empty, cut or not data: {_shorten(text, 60)!r}")


def _judge_refusal(status: int, said: str) -> Verdict:
    if status >= 500:
        return Verdict(Kind.SERVER_ERROR, f"HTTP {status}: {said}" if said else f"HTTP {status}")
    if status != 429 and said.startswith("<"):
        return Verdict(Kind.HTML, f"HTTP {status} with a page instead of data")
    by_text = _find_kind(said)
    by_status = _BY_STATUS.get(status, Kind.BAD_REQUEST)
    # a status is more than a word that its text happens to contain, except where the vendor tells cases apart by text
    allowed = {
        Kind.RATE_LIMIT: {Kind.BANDWIDTH, Kind.BULK_THROTTLE},
        Kind.PLAN_ENDPOINT: {Kind.PLAN_VALUE},
        Kind.FORBIDDEN: {Kind.LEGACY, Kind.SUSPENDED, Kind.INVALID_KEY, Kind.PLAN_ENDPOINT, Kind.PLAN_VALUE},
        Kind.BAD_REQUEST: {Kind.INVALID_KEY},
    }
    kind = by_text if by_text in allowed.get(by_status, set()) else by_status
    return Verdict(kind or by_status, said or f"HTTP {status}")


def _find_kind(message: str) -> Kind | None:
    lower = message.lower()
    return next((kind for text, kind in _BY_TEXT if text in lower), None)


def _find_error(payload: Any) -> str | None:
    """Return the error that a JSON value carries, whichever of its spellings it has."""
    if isinstance(payload, list) and len(payload) == 1:
        payload = payload[0]
    if not isinstance(payload, dict) or "symbol" in payload:
        return None
    for name in ("Error Message", "error", "Error"):
        if name in payload:
            return _shorten(str(payload[name]))
    return None


def _shorten(text: str, length: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[:length] + "..."


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _read_json(body: bytes) -> tuple[Any, bool]:
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant), True
    except (ValueError, RecursionError):
        return None, False
