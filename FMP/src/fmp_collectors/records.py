"""Shared parts of all record models: absence, exact numbers, symbols, exchanges; and parsing of a row into a record or
a reject."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from fmp_collectors.call import Call, Origin
from fmp_collectors.csv_rows import DamagedRow

EXCHANGES = ("NYSE", "NASDAQ", "AMEX", "TSX", "TSXV")
MARKET_CAP_LIMIT = Decimal(10) ** 14
_NUMBER_LIMIT = Decimal(10) ** 40
_ABSENT = frozenset({"", "n/a", "null", "none"})
_EXCHANGE_CODE = re.compile(r"[A-Z][A-Z0-9_-]{0,15}")
_SYMBOL_LENGTH = 32
_NAME_LENGTH = 64
_CIK_LENGTH = 10
# leading zeros are excluded: only texts have them
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,30})(\.\d{1,40})?([eE][+-]?\d{1,2})?")


def read_absence(value: Any) -> Any:
    """Return None for the vendor's texts for an absent value; a zero is a value."""
    return None if isinstance(value, str) and value.strip().lower() in _ABSENT else value


def _check_symbol(value: str) -> str:
    symbol = value.strip().upper()
    if len(symbol) > _SYMBOL_LENGTH:
        raise PydanticCustomError("symbol_too_long", "the symbol has more than 32 characters")
    return symbol


def _check_exchange(value: str) -> str:
    code = value.strip().upper()
    if code not in EXCHANGES:
        raise PydanticCustomError("unknown_exchange", "the exchange is not one of {known}", {"known": list(EXCHANGES)})
    return code


def _check_number(value: Decimal) -> Decimal:
    if abs(value) >= _NUMBER_LIMIT:
        raise PydanticCustomError("number_out_of_range", "the number has more than 40 digits before the decimal point")
    return value


def _check_volume(value: Decimal) -> Decimal:
    if value < 0:
        raise PydanticCustomError("negative_volume", "the volume is negative")
    return value


def _check_market_cap(value: Decimal) -> Decimal:
    if not 0 <= value <= MARKET_CAP_LIMIT:
        raise PydanticCustomError("market_cap_range", "the market capitalisation is not between 0 and 1e14")
    return value


def _refuse_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("bad_number", "a number is expected, not a boolean")
    return value


def _read_cik(value: Any) -> Any:
    """Return a CIK with its ten digits, whether it came as text or as a number; None if it is all zeros."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = value.strip() if isinstance(value, str) else ""
    if not text.isdigit():
        return value
    return text.zfill(_CIK_LENGTH) if int(text) else None


def _read_date(value: Any) -> Any:
    """Accept `YYYY-MM-DD` and drop a time after it; a bare number is not a date."""
    if isinstance(value, str):
        return value.strip()[:10]
    if isinstance(value, date) or value is None:
        return value
    raise PydanticCustomError("bad_date", "the date is not in the form YYYY-MM-DD")


def _read_epoch(value: Any) -> Any:
    """Read seconds since 1970; a value too large for seconds is in milliseconds."""
    if isinstance(value, datetime) or value is None:
        return value
    try:
        seconds = Decimal(str(value))
        return datetime.fromtimestamp(int(seconds / 1000 if abs(seconds) > 100_000_000_000 else seconds), UTC)
    except (ArithmeticError, ValueError, OverflowError, OSError) as error:
        raise PydanticCustomError("bad_timestamp", "the time is not a number of seconds since 1970") from error


Symbol = Annotated[str, AfterValidator(_check_symbol)]
SymbolOrNothing = Annotated[
    str, BeforeValidator(lambda value: "" if value is None else value), AfterValidator(_check_symbol)
]
ExchangeCode = Annotated[str, AfterValidator(_check_exchange)]
Number = Annotated[Decimal, BeforeValidator(_refuse_flag), AfterValidator(_check_number)]
Volume = Annotated[Number, AfterValidator(_check_volume)]
MarketCap = Annotated[Number, AfterValidator(_check_market_cap)]
Cik = Annotated[str | None, BeforeValidator(_read_cik)]
Day = Annotated[date, BeforeValidator(_read_date)]
EpochTime = Annotated[datetime, BeforeValidator(_read_epoch)]


class Record(BaseModel):
    """One record of the vendor: the vendor's names in snake case, absence as None, unknown fields only in `raw`.

    The vendor sends numbers for texts and texts for numbers; either is read as the type of the field.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        coerce_numbers_to_str=True,
        # a process that collects one dataset, or none, need not build all validators
        defer_build=True,
    )

    volatile: ClassVar[frozenset[str]] = frozenset()
    """Fields that do not count: if only these change, the content is the same."""
    moving: ClassVar[frozenset[str]] = frozenset()
    """Fields, by our name or the vendor's, that change often: if only these change, the history does not keep the
    replaced row."""
    unstored: ClassVar[frozenset[str]] = frozenset()
    """Fields that are validated but have no column; their values stay in `raw`."""
    made: ClassVar[frozenset[str]] = frozenset()
    """Fields derived from a row's position in its response; rows that differ only in these are equal."""

    @classmethod
    def list_columns(cls) -> tuple[str, ...]:
        """Return the fields that have a column of the same name."""
        return tuple(name for name in cls.model_fields if name not in cls.unstored)

    @model_validator(mode="before")
    @classmethod
    def read_absences(cls, data: Any) -> Any:
        return {name: read_absence(value) for name, value in data.items()} if isinstance(data, dict) else data


@dataclass(frozen=True)
class Accepted:
    """A record with the row as delivered, the reasons for dropped values, and its call and origin."""

    record: Record
    raw: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    call: Call | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be a record: a reason code, a sentence, its symbol if it has one, its call and origin."""

    raw: Any
    reason: str
    detail: str
    symbol: str | None = None
    call: Call | None = None
    origin: Origin | None = None


@dataclass
class Batch:
    """The rows of one response, sorted by class; `read` excludes those of other exchanges.

    `strangers` are symbols that rows named although others were requested.
    """

    accepted: list[Accepted] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    out_of_scope: int = 0
    duplicate: int = 0
    strangers: set[str] = field(default_factory=set)

    @property
    def read(self) -> int:
        """The number of rows that count."""
        return len(self.accepted) + len(self.rejected) + self.duplicate

    def name_call(self, call: Call | None, origin: Origin | None = None) -> None:
        """Set the call that returned these rows, and their origin."""
        self.accepted = [replace(accepted, call=call, origin=origin) for accepted in self.accepted]
        self.rejected = [replace(rejected, call=call, origin=origin) for rejected in self.rejected]

    def extend(self, other: Batch) -> None:
        """Add the rows of another batch."""
        self.accepted.extend(other.accepted)
        self.rejected.extend(other.rejected)
        self.out_of_scope += other.out_of_scope
        self.duplicate += other.duplicate
        self.strangers |= other.strangers


def is_foreign(code: Any) -> bool:
    """Whether a value is the code of an exchange that we do not collect; a value that is not a code makes the record invalid."""
    cleaned = read_absence(code)
    if not isinstance(cleaned, str):
        return False
    code = cleaned.strip().upper()
    return code not in EXCHANGES and _EXCHANGE_CODE.fullmatch(code) is not None


def parse_row(model: type[Record], row: Any, *, defaults: Mapping[str, Any] | None = None) -> Accepted | Rejected:
    """Read one row as a record; `defaults` are values that the request knows and the row may lack."""
    if isinstance(row, DamagedRow):
        return Rejected(row.text, "row_too_long", row.detail)
    if not isinstance(row, Mapping):
        return Rejected(row, "not_an_object", "the row is not an object with named fields")
    symbol = row.get("symbol")
    name = None if symbol is None else str(symbol).strip()[:_NAME_LENGTH]
    unstorable = _find_unstorable(row)
    if unstorable:
        return Rejected(
            row, unstorable, "the row contains characters that PostgreSQL cannot store", name and clean_name(name)
        )
    try:
        return Accepted(model.model_validate({**(defaults or {}), **row}), row)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason, detail = _explain(model, first)
        return Rejected(row, reason, detail, name)


def clean_name(name: str) -> str:
    """Return the beginning of a name without characters that PostgreSQL cannot store."""
    return name[:_NAME_LENGTH].encode("utf-8", "replace").decode().replace("\x00", "")


def _find_unstorable(row: Mapping[str, Any]) -> str | None:
    try:
        text = "".join(_walk_texts(row))
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "bad_encoding"
    return "nul_byte" if "\x00" in text else None


def _walk_texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _walk_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk_texts(inner)


def _explain(model: type[Record], error: ErrorDetails) -> tuple[str, str]:
    alias = str(error["loc"][0]) if error["loc"] else "record"
    name = next((n for n, info in model.model_fields.items() if alias in (n, info.alias)), alias)
    value = error.get("input")
    if error["type"] == "missing" or value is None:
        return f"missing_{name}", f"{alias} is required but missing"
    detail = f"{alias} is {str(value)[:80]!r}: {error['msg']}"
    ours = error["type"] in _REASONS
    return (error["type"] if ours else f"bad_{name}"), detail


_REASONS = frozenset(
    {
        "symbol_too_long",
        "unknown_exchange",
        "number_out_of_range",
        "negative_volume",
        "market_cap_range",
        "bad_number",
        "bad_date",
        "bad_timestamp",
    }
)


# a statement has forty fields and a delivery thousands of statements: an encoder per value took most of the time
_dump_plain = json.JSONEncoder(ensure_ascii=False, default=str).encode
_dump_name = lru_cache(maxsize=4096)(_dump_plain)


def dump_exact(value: Any) -> str:
    """Return JSON text that keeps every digit of a Decimal as a number; one too large for the database becomes text."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return _dump_plain(value)
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() and abs(value.adjusted()) < 1000 else _dump_plain(str(value))
    if isinstance(value, dict):
        return f"{{{','.join([f'{_dump_name(str(name))}:{dump_exact(inner)}' for name, inner in value.items()])}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join([dump_exact(inner) for inner in value])}]"
    return _dump_plain(value)


def _canonical(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, list | dict):
        return dump_exact(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _canonical_unknown(value: Any) -> str:
    """Like `_canonical`, for a field of unknown type: in CSV its numbers and flags are texts."""
    is_number = isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value.strip())
    return _canonical(Decimal(value) if is_number or type(value) is int else value)


def hash_content(accepted: Accepted) -> bytes:
    """Return 16 bytes that are equal for equal content, whether it came as JSON or as CSV.

    Typed fields count by value and unknown ones as delivered; volatile fields do not count.
    """
    return _digest([part for _, part in _list_parts(accepted)])


def hash_contents(accepted: Accepted) -> tuple[bytes, bytes | None]:
    """Return the hash of the content, and that of the content without moving fields; None if no field moves."""
    parts, moving = _list_parts(accepted), accepted.record.moving
    lasting = _digest([part for name, part in parts if name not in moving]) if moving else None
    return _digest([part for _, part in parts]), lasting


@lru_cache(maxsize=256)
def _sort_fields(model: type[Record]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the fields that count, and the vendor's names that are known or do not count."""
    counted = tuple(name for name in model.model_fields if name not in model.volatile)
    return counted, model.volatile | {info.alias or name for name, info in model.model_fields.items()}


def _list_parts(accepted: Accepted) -> list[tuple[str, str]]:
    record, raw = accepted.record, accepted.raw
    counted, known = _sort_fields(type(record))
    parts = [(name, f"{name}={_canonical(getattr(record, name))}") for name in counted]
    parts += [
        (name, f"{name}={_canonical_unknown(raw[name])}")
        for name in sorted(raw)
        if name not in known and read_absence(raw[name]) is not None
    ]
    return parts


def _digest(parts: Iterable[str]) -> bytes:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest()


def find_plain_type(annotation: Any) -> Any:
    """Return the plain type of an annotation, without None."""
    if get_origin(annotation) is Annotated:
        return find_plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return find_plain_type(next(one for one in get_args(annotation) if one is not type(None)))
    return annotation
