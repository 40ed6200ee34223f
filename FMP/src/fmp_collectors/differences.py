"""Differences between the rows of a response and the declaration of their dataset, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from fmp_collectors.dataset import FmpDataset, FmpRequest
from fmp_collectors.record_shape import list_names, make_shape
from fmp_collectors.records import find_plain_type, is_foreign, read_absence

_MOST_SHOWN = 60


@dataclass
class Odd:
    """Values of one field that the record cannot hold: their count, the declared kind, the kinds sent, and one example."""

    declared: str
    rows: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    example: str = ""


@dataclass
class Differences:
    """Differences by field. `missing` are declared fields that no row carries, `unknown` the undeclared ones with the number of
    rows that carry them, `odd` those with values that no record can hold."""

    rows: int = 0
    missing: Sequence[str] = ()
    unknown: Counter[str] = field(default_factory=Counter)
    odd: dict[str, Odd] = field(default_factory=dict)

    @property
    def is_other_shape(self) -> bool:
        """Whether a load would lose something; undeclared fields are kept as delivered."""
        return bool(self.missing or self.odd)


def find_differences(dataset: FmpDataset, request: FmpRequest, rows: Iterable[Any]) -> Differences:
    """Compare rows, as the vendor sent them, with the declaration."""
    delivered = [row for row in rows if isinstance(row, Mapping)]
    found = Differences(len(delivered))
    if not delivered:
        return found
    shape = make_shape(dataset, request.endpoint)
    declared = shape.names | _list_declared(dataset)
    for row in delivered:
        found.unknown.update(str(name) for name in row if name not in declared)
    reshape = request.endpoint.reshape
    records = list(delivered if reshape is None else reshape(delivered, request.subject))
    given = request.given
    carried = {str(name) for row in (*delivered, *records) for name in row} | set(given)
    # a field that proves a record is never filled in
    unproven = [name for name in shape.key if not any(name in row for row in delivered)]
    found.missing = list(dict.fromkeys([*unproven, *_list_missing(dataset, carried)]))
    for row in records:
        # a load skips rows of other exchanges, whatever they hold
        if dataset.exchange_field is None or not is_foreign(row.get(dataset.exchange_field)):
            _record_odd(dataset, {**given, **row}, found)
    return found


def _list_declared(dataset: FmpDataset) -> set[str]:
    return {name for one, info in dataset.record.model_fields.items() for name in list_names(one, info)}


def _list_missing(dataset: FmpDataset, carried: Collection[str]) -> list[str]:
    """Return declared fields that appear under none of their names. Names in parentheses are our own numbers."""
    missing = []
    for name, info in dataset.record.model_fields.items():
        names = list_names(name, info)
        if name not in dataset.record.made and not names[0].startswith("(") and not set(names) & set(carried):
            missing.append(names[0])
    return missing


def _record_odd(dataset: FmpDataset, row: Mapping[str, Any], found: Differences) -> None:
    try:
        dataset.record.model_validate(row)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False):
            name = str(one["loc"][0]) if one["loc"] else "record"
            value = row.get(name)
            # an absent field is already reported as missing
            if name not in found.missing:
                odd = found.odd.setdefault(name, Odd(_name_declared(dataset, name)))
                odd.rows += 1
                odd.sent[_name_kind(value)] += 1
                odd.example = odd.example or str(value)[:_MOST_SHOWN]


def _name_declared(dataset: FmpDataset, sent: str) -> str:
    info: FieldInfo | None = next(
        (info for name, info in dataset.record.model_fields.items() if sent in (name, *list_names(name, info))), None
    )
    if info is None:
        return "unknown"
    kinds: dict[Any, str] = {Decimal: "number", int: "number", date: "day", datetime: "time", bool: "flag", str: "text"}
    return kinds.get(find_plain_type(info.annotation), "list")


def _name_kind(value: Any) -> str:
    if value is None or read_absence(value) is None:
        return "nothing"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "object"
    return "list" if isinstance(value, list) else "number"
