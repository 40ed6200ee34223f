"""Classification of the vendor's responses by status and body, before anything reads them.

Data is identified positively: `record_shape.Shape` declares what a record of the endpoint carries. Anything else with a success
status is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any

from fmp_collectors.call import Call
from fmp_collectors.csv_rows import Body
from fmp_collectors.record_shape import ANY_SHAPE, Finding, Shape, find_words

HEAD_BYTES = 65_536
_MOST_ERRORS = 50
_UNICODE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def _read_number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("nan")


DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=Decimal)
CAREFUL_DECODER = json.JSONDecoder(parse_float=_read_number, parse_constant=Decimal)
"""Like DECODER, for texts with a number whose exponent no Decimal holds (ArithmeticError): reads that number as NaN."""


class ResponseKind(StrEnum):
    """The class of a response."""

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
        """Whether the response holds data; an empty list is data."""
        return self in (ResponseKind.OK_JSON, ResponseKind.OK_CSV)

    @property
    def may_pass(self) -> bool:
        """Whether an early retry can succeed."""
        return self in _MAY_PASS

    @property
    def ends_run(self) -> bool:
        """Whether every further call with this key fails until a person acts."""
        return self in (ResponseKind.INVALID_KEY, ResponseKind.SUSPENDED)


_MAY_PASS = frozenset(
    {
        *(
            ResponseKind.RATE_LIMIT,
            ResponseKind.BULK_THROTTLE,
            ResponseKind.SERVER_ERROR,
            ResponseKind.HTML,
            ResponseKind.TRUNCATED,
            ResponseKind.NO_ANSWER,
        ),
        # a body that is not a record and names no other reason usually comes from a failing server
        ResponseKind.ERROR_IN_200,
    }
)

# the first text found in the lower-case message decides the kind
_BY_TEXT: tuple[tuple[str, ResponseKind], ...] = (
    ("bandwidth limit", ResponseKind.BANDWIDTH),
    ("this is a bulk endpoint", ResponseKind.BULK_THROTTLE),
    ("limit reach", ResponseKind.RATE_LIMIT),
    ("invalid api key", ResponseKind.INVALID_KEY),
    ("account suspended", ResponseKind.SUSPENDED),
    ("legacy endpoint", ResponseKind.LEGACY),
    ("premium query parameter", ResponseKind.PLAN_VALUE),
    ("this value set for", ResponseKind.PLAN_VALUE),
    ("restricted endpoint", ResponseKind.PLAN_ENDPOINT),
    ("exclusive endpoint", ResponseKind.PLAN_ENDPOINT),
    ("special endpoint", ResponseKind.PLAN_ENDPOINT),
    ("query error", ResponseKind.BAD_REQUEST),
)
_BY_STATUS = {
    400: ResponseKind.BAD_REQUEST,
    401: ResponseKind.INVALID_KEY,
    402: ResponseKind.PLAN_ENDPOINT,
    403: ResponseKind.FORBIDDEN,
    404: ResponseKind.NOT_FOUND,
    408: ResponseKind.SERVER_ERROR,
    429: ResponseKind.RATE_LIMIT,
}


@dataclass(frozen=True)
class Verdict:
    """The class of a response, the vendor's message if it is not data, and its rows if it is JSON data."""

    kind: ResponseKind
    message: str = ""
    rows: tuple[Any, ...] = ()


@dataclass(frozen=True)
class FmpResponse:
    """A successful response: its rows if it was JSON, the open file if it was CSV, and the call that returned it."""

    verdict: Verdict
    csv: Body | None = None
    call: Call | None = None


class ResponseError(Exception):
    """The vendor returned no data; `kind` is what it returned instead, `path` what was requested."""

    def __init__(self, verdict: Verdict, *, path: str, subject: str = "") -> None:
        request = f"{path} ({subject})" if subject else path
        super().__init__(f"FMP returned {verdict.kind} for {request}: {verdict.message or 'no message'}")
        self.kind = verdict.kind
        self.message = verdict.message
        self.path = path
        self.subject = subject


def load_json(body: bytes) -> Any:
    """Parse a body held in memory, with bytes that are not UTF-8 as lone surrogates; raises ValueError, RecursionError."""
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    try:
        return DECODER.decode(text)
    except ArithmeticError:
        return CAREFUL_DECODER.decode(text)


def classify_response(
    status: int,
    body: bytes,
    *,
    expects_csv: bool = False,
    shape: Shape = ANY_SHAPE,
    load: Callable[[bytes], Any] = load_json,
) -> Verdict:
    """Classify a response.

    `body` is the whole body, or its first 64 KB if CSV is expected or if `load` returns the whole body parsed as JSON (raising
    ValueError if it is not JSON). `shape` decides whether a row is a record.
    """
    if body.startswith(_UNICODE_MARKS):
        return Verdict(ResponseKind.TRUNCATED, f"HTTP {status} with a body in UTF-16 or UTF-32 instead of UTF-8")
    text = body[:HEAD_BYTES].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    looks_like_json = text.startswith(("[", "{"))
    payload, is_json = _read_json(body, load) if looks_like_json else (None, False)
    if not 200 <= status < 300 or text.startswith("<"):
        words, _ = find_words(payload) if is_json else (text, text)
        return _classify_refusal(status, _shorten(words))
    if is_json:
        return classify_rows(payload if isinstance(payload, list) else [payload], shape)
    if looks_like_json or not text:
        return Verdict(
            ResponseKind.TRUNCATED,
            f"HTTP {status} with a body that is empty, cut off or not data: {_shorten(text, 60)!r}",
        )
    if expects_csv and shape.fits_header(text.split("\n", 1)[0]):
        return Verdict(ResponseKind.OK_CSV)
    return _name_error(text, text)


def classify_rows(rows: Sequence[Any], shape: Shape) -> Verdict:
    """Return the rows that are records or damaged records, or the error that any other row makes of the response."""
    errors = [
        find_words(row) for row in islice((r for r in rows if shape.classify_row(r) is Finding.ERROR), _MOST_ERRORS)
    ]
    if errors:
        return _name_error(*next((each for each in errors if _find_kind(each[1]) is not None), errors[0]))
    return Verdict(ResponseKind.OK_JSON, rows=tuple(row for row in rows if row))


def _name_error(words: str, texts: str) -> Verdict:
    return Verdict(_find_kind(texts) or ResponseKind.ERROR_IN_200, _shorten(words) or "no message")


def _classify_refusal(status: int, message: str) -> Verdict:
    if status >= 500:
        return Verdict(ResponseKind.SERVER_ERROR, f"HTTP {status}: {message}" if message else f"HTTP {status}")
    if status != 429 and message.startswith("<"):
        return Verdict(ResponseKind.HTML, f"HTTP {status} with an HTML page instead of data")
    by_text = _find_kind(message)
    by_status = _BY_STATUS.get(status, ResponseKind.BAD_REQUEST)
    # the status outweighs a word in its text, unless the vendor distinguishes cases by text
    allowed = {
        ResponseKind.RATE_LIMIT: {ResponseKind.BANDWIDTH, ResponseKind.BULK_THROTTLE},
        ResponseKind.PLAN_ENDPOINT: {ResponseKind.PLAN_VALUE},
        ResponseKind.FORBIDDEN: {
            ResponseKind.LEGACY,
            ResponseKind.SUSPENDED,
            ResponseKind.INVALID_KEY,
            ResponseKind.PLAN_ENDPOINT,
            ResponseKind.PLAN_VALUE,
        },
        ResponseKind.BAD_REQUEST: {ResponseKind.INVALID_KEY},
    }
    kind = by_text if by_text in allowed.get(by_status, set()) else by_status
    return Verdict(kind or by_status, message or f"HTTP {status}")


def _find_kind(message: str) -> ResponseKind | None:
    lower = message.lower()
    return next((kind for text, kind in _BY_TEXT if text in lower), None)


def _shorten(text: str, length: int = 200) -> str:
    """Return the beginning on one line, without control characters and characters that PostgreSQL cannot store."""
    flat = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 8 * length]).split())
    return flat if len(flat) <= length else flat[:length] + "..."


def _read_json(body: bytes, load: Callable[[bytes], Any]) -> tuple[Any, bool]:
    try:
        return load(body), True
    except (ValueError, RecursionError):
        return None, False
