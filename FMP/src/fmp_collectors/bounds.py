"""Bounds of values: an impossible date, number or price drops the field, or rejects the row if the row is useless
without it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import AliasChoices

from fmp_collectors.dataset import FmpDataset
from fmp_collectors.records import Accepted, Record, Rejected, find_plain_type, parse_row, read_absence

BAD_DATE = "bad_date"
BAD_NUMBER = "bad_number"
BAD_PRICE = "bad_price"
BAD_TIMESTAMP = "bad_timestamp"
_FIRST_DAY = date(1800, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_YEARS = 100
# clocks and time zones differ by less than this
_TOLERANCE = timedelta(days=1)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NO_NUMBERS = frozenset(
    f"{sign}{text}" for sign in ("", "-", "+") for text in ("nan", "inf", "infinity", "snan", "qnan")
)


@dataclass(frozen=True, slots=True)
class _Field:
    """A declared field under one of the vendor's names: the type of its values, and whether a record needs it."""

    name: str
    is_number: bool
    is_day: bool
    is_required: bool


@functools.cache
def _list_fields(model: type[Record]) -> tuple[_Field, ...]:
    fields: list[_Field] = []
    for name, info in model.model_fields.items():
        choices = info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else ()
        kind, is_required = find_plain_type(info.annotation), info.is_required()
        # a day in the key is checked later, as a value of the record
        fields.extend(
            _Field(str(sent), kind is Decimal, kind is date and not is_required, is_required)
            for sent in choices or (info.alias or name,)
        )
    return tuple(fields)


def check_values(
    dataset: FmpDataset,
    row: Mapping[str, Any],
    *,
    defaults: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> Accepted | Rejected:
    """Read a row whose key is proven as a record within its bounds, measured from `now`."""
    now = now or datetime.now(UTC)
    left_out, warnings = _find_impossible(dataset.record, row, now.date())
    parsed = parse_row(dataset.record, {**row, **left_out} if left_out else row, defaults=defaults)
    if isinstance(parsed, Rejected):
        return Rejected(row, parsed.reason, parsed.detail, parsed.symbol)
    accepted = Accepted(parsed.record, row, tuple(warnings))
    reason, detail = _find_fault(dataset, accepted.record, now)
    if reason:
        return Rejected(row, reason, detail, getattr(accepted.record, "symbol", None))
    return _drop_bad_prices(dataset, accepted)


def _find_impossible(model: type[Record], row: Mapping[str, Any], today: date) -> tuple[dict[str, None], list[str]]:
    """Return the names whose values a record cannot hold, and a warning for each one that is optional."""
    left_out: dict[str, None] = {}
    warnings: list[str] = []
    for field in _list_fields(model):
        value = row.get(field.name)
        # fast path: most values are plain, and a statement has forty of them
        if value is None or (type(value) is str and not field.is_day and (not field.is_number or value[-1:].isdigit())):
            continue
        reason = _check_value(field, value, today)
        if reason is not None:
            left_out[field.name] = None
            if not field.is_required:
                warnings.append(reason)
    return left_out, warnings


def _check_value(field: _Field, value: Any, today: date) -> str | None:
    """Return why a value cannot be kept; values that can only cause a reject are left to the model."""
    if isinstance(value, Decimal) and not value.is_finite():
        return BAD_NUMBER
    if field.is_number:
        return BAD_NUMBER if isinstance(value, str) and value.strip().lower() in _NO_NUMBERS else None
    if field.is_day:
        return None if read_absence(value) is None or _reads_as_day(value, today) else BAD_DATE
    return None


def _reads_as_day(value: Any, today: date) -> bool:
    try:
        text = str(value).strip()[:10]
        return _DAY.fullmatch(text) is not None and _is_plausible(date.fromisoformat(text), today)
    except ValueError:
        return False


def _is_plausible(day: date, today: date) -> bool:
    return day >= _FIRST_DAY and day.year <= today.year + _FAR_YEARS


def _find_fault(dataset: FmpDataset, record: Record, now: datetime) -> tuple[str, str]:
    """Return why a record must be rejected, as reason and detail; two empty texts if it is sound."""
    for name in dataset.key:
        value = getattr(record, name)
        if isinstance(value, date) and not isinstance(value, datetime) and not _is_plausible(value, now.date()):
            return (
                BAD_DATE,
                f"{name} is {value}, before {_FIRST_DAY.year} or more than {_FAR_YEARS} years in the future",
            )
    if dataset.observed is not None:
        seen = getattr(record, dataset.observed)
        if isinstance(seen, datetime):
            if not _EPOCH < seen <= now + _TOLERANCE:
                return (
                    BAD_TIMESTAMP,
                    f"{dataset.observed} is {seen.isoformat()}, not a time between 1970 and one day from now",
                )
        elif seen > (now + _TOLERANCE).date():
            return BAD_DATE, f"{dataset.observed} is {seen}, more than one day in the future"
    for name in dataset.prices:
        price = getattr(record, name)
        if price is not None and price <= 0:
            return BAD_PRICE, f"{name} is {price}; a price must be above zero"
    return "", ""


def _drop_bad_prices(dataset: FmpDataset, accepted: Accepted) -> Accepted:
    bad = [name for name in dataset.side_prices if (price := getattr(accepted.record, name)) is not None and price <= 0]
    if not bad:
        return accepted
    record = accepted.record.model_copy(update=dict.fromkeys(bad))
    return replace(accepted, record=record, warnings=(*accepted.warnings, *(BAD_PRICE for _ in bad)))
