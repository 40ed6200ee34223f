"""Faults on request: which call fails, and how."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime

from sra_stand_in.fmp.api import PREFIX
from sra_stand_in.fmp.texts import (
    BANDWIDTH_REACHED,
    BULK_REACHED,
    INVALID_KEY,
    LEGACY,
    LIMIT_REACHED,
    RESTRICTED_ENDPOINT,
    RESTRICTED_SYMBOL,
    SUSPENDED,
    respond_error,
)
from sra_stand_in.http import Request, Response, respond_json, respond_text

HUGE_BODY_BYTES = 2 * 1024**3
DEFAULT_SECONDS = 1.0
_HTML = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
_BAD_GATEWAY, _MAINTENANCE = _HTML.format(title="502 Bad Gateway"), _HTML.format(title="Under maintenance")
_HTML_TYPE = "text/html; charset=utf-8"
PLAIN_KINDS = frozenset({"429", "429_retry_after", "429_retry_after_date", "400", "401", "402", "402_symbol", "403_legacy",
    "403_suspended", "404", "500", "502", "503", "html", "error_in_200", "error_in_200_list", "limit_in_200",
    "empty_list", "bandwidth", "day_quota", "bulk_throttle"})  # fmt: skip
WIRE_KINDS = frozenset({"slow", "hang", "cut_body", "huge_body", "reset", "truncated_json"})
KINDS = PLAIN_KINDS | WIRE_KINDS


class RuleError(ValueError):
    """A fault rule cannot be read; the text says which field."""


@dataclass(slots=True)
class Fault:
    """One rule: the calls that match, the first `after` of them spared, at most `times` of them hit."""

    match: str
    kind: str
    times: int | None = None
    probability: float = 1.0
    after: int = 0
    seconds: float | None = None
    size: int = HUGE_BODY_BYTES
    seen: int = 0
    hits: int = 0
    _pattern: re.Pattern[str] = field(default_factory=lambda: re.compile(""), repr=False)
    _chance: random.Random = field(default_factory=random.Random, repr=False)

    def prepare(self, seed: int, position: int) -> None:
        """Compile the pattern and seed the chance.

        Raises RuleError where the pattern is not a regular expression.
        """
        try:
            self._pattern = re.compile(self.match)
        except re.error as problem:
            raise RuleError(f"match of rule {position} is no regular expression: {problem}") from problem
        self._chance = random.Random(f"{seed}:{position}:{self.match}:{self.kind}")

    def hits_call(self, request: Request) -> bool:
        """Whether this call goes wrong by this rule."""
        path, target = request.path, request.target
        if not (path.startswith(self.match) or self._pattern.search(target)):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        if self.probability < 1 and self._chance.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def report(self) -> dict[str, object]:
        """The rule and what it has done."""
        return {"match": self.match, "kind": self.kind, "seen": self.seen, "hits": self.hits}


def _read_number(rule: dict[str, object], name: str, default: float | None, position: int) -> float | None:
    value = rule.get(name, default)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
        raise RuleError(f"{name} of rule {position} is not a number of zero or more")
    return value


def read_rules(value: object, seed: int) -> list[Fault]:
    """Rules from the JSON of `POST /control/faults`.

    Raises RuleError where the JSON is not a list of rules with known kinds.
    """
    if not isinstance(value, list):
        raise RuleError("a list of rules is expected")
    rules = []
    for position, rule in enumerate(value):
        if not isinstance(rule, dict):
            raise RuleError(f"rule {position} is not an object")
        unknown = set(rule) - {"match", "kind", "times", "probability", "after", "seconds", "size"}
        if unknown or rule.get("kind") not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise RuleError(f"rule {position}: unknown field {sorted(unknown)} or kind; kinds are {known}")
        times = _read_number(rule, "times", None, position)
        seconds = _read_number(rule, "seconds", None, position)
        fault = Fault(
            match=str(rule.get("match", "/")),
            kind=str(rule["kind"]),
            times=None if times is None else int(times),
            probability=_read_number(rule, "probability", 1.0, position) or 0.0,
            after=int(_read_number(rule, "after", 0, position) or 0),
            seconds=seconds,
            size=int(_read_number(rule, "size", HUGE_BODY_BYTES, position) or 0),
        )
        fault.prepare(seed, position)
        rules.append(fault)
    return rules


def respond_with_fault(fault: Fault, request: Request) -> Response:
    """The response of a plain kind, as the called vendor sends it."""
    if fault.kind in _SHARED:
        return _SHARED[fault.kind]()
    if fault.kind.startswith("429_retry_after"):
        return _respond_retry_after(fault, is_fmp=request.path.startswith(PREFIX))
    if request.path.startswith(PREFIX):
        return _FMP[fault.kind]()
    status, text = _OTHER.get(fault.kind, (500, "Internal error"))
    return respond_json({"message": text}, status)


def _respond_retry_after(fault: Fault, *, is_fmp: bool) -> Response:
    seconds = DEFAULT_SECONDS if fault.seconds is None else fault.seconds
    when = f"{seconds:g}"
    if fault.kind.endswith("_date"):
        when = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), usegmt=True)
    headers = (("retry-after", when),)
    if is_fmp:
        return respond_error(LIMIT_REACHED, 429, headers)
    return Response(429, b'{"message":"Too Many Requests"}', headers=headers)


_SHARED = {
    "500": lambda: respond_text("Internal Server Error", 500, "text/plain"),
    "502": lambda: respond_text(_BAD_GATEWAY, 502, _HTML_TYPE),
    "503": lambda: respond_text(_HTML.format(title="503 Service Temporarily Unavailable"), 503, _HTML_TYPE),
    "html": lambda: respond_text(_MAINTENANCE, 200, _HTML_TYPE),
    "empty_list": lambda: Response(body=b"[]"),
}
_FMP = {
    "400": lambda: respond_text("Query Error: Invalid or missing query parameter - symbol", 400),
    "401": lambda: respond_error(INVALID_KEY, 401),
    "402": lambda: respond_text(RESTRICTED_ENDPOINT, 402),
    "402_symbol": lambda: respond_text(RESTRICTED_SYMBOL, 402),
    "403_legacy": lambda: respond_error(LEGACY, 403),
    "403_suspended": lambda: respond_error(SUSPENDED, 403),
    "404": lambda: Response(404, b"[]"),
    "429": lambda: respond_error(LIMIT_REACHED, 429),
    "day_quota": lambda: respond_error(LIMIT_REACHED, 429),
    "bandwidth": lambda: respond_error(BANDWIDTH_REACHED, 429),
    "limit_in_200": lambda: respond_error(LIMIT_REACHED, 200),
    "bulk_throttle": lambda: respond_error(BULK_REACHED, 200),
    "error_in_200": lambda: respond_error(INVALID_KEY, 200),
    "error_in_200_list": lambda: respond_json([{"Error Message": INVALID_KEY}]),
}
_OTHER = {
    "400": (400, "Bad Request"),
    "401": (401, "Unauthorized"),
    "402": (402, "Payment Required"),
    "402_symbol": (402, "Payment Required"),
    "403_legacy": (403, "Forbidden"),
    "403_suspended": (403, "User is not authorized to access this resource"),
    "404": (404, "Not Found"),
    "429": (429, "Too Many Requests"),
    "day_quota": (429, "Limit Exceeded"),
    "bandwidth": (429, "Limit Exceeded"),
    "limit_in_200": (200, "Limit Exceeded"),
    "bulk_throttle": (200, "Limit Exceeded"),
    "error_in_200": (200, "Internal error"),
    "error_in_200_list": (200, "Internal error"),
}


def list_huge_chunks(size: int) -> Iterator[bytes]:
    """A valid JSON array of about `size` bytes, in pieces of about a megabyte."""
    row = b'{"symbol":"HUGE","date":"2026-01-05","price":12.34,"volume":1000},'
    block = row * (1024 * 1024 // len(row))
    yield b"["
    for _ in range(max(1, size // len(block))):
        yield block
    yield row[:-1] + b"]"
