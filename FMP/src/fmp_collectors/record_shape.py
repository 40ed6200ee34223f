"""The test whether a row is a record: each endpoint declares its key, and a row without it is never data."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from fmp_collectors.dataset import FmpDataset, FmpEndpoint
from fmp_collectors.records import read_absence

_MOST_WORDS = 50
# next to a message, one value proves nothing: `name` or `description` may belong to the error
_EVIDENCE_WITH_MESSAGE = 2
_MESSAGE_NAMES = frozenset(
    {
        *("error", "errors", "errormessage", "errormessages", "errormsg", "errmsg", "message", "messages", "msg"),
        *("detail", "details", "exception", "fault", "warning", "note", "info", "information"),
    }
)


class Finding(StrEnum):
    """The class of a row. A damaged row is quarantined; an error row makes the whole response an error."""

    RECORD = "record"
    NOTHING = "nothing"
    DAMAGED = "damaged"
    ERROR = "error"


@dataclass(frozen=True)
class Shape:
    """The shape of an endpoint's records: the vendor's names of the key fields in its rows, and of the other fields.

    Without names, as in the constant `ANY_SHAPE`, every object without a message is a record. With `may_be_bare`, a row of the
    key alone means that there is no data.
    """

    key: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    may_be_bare: bool = False

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """All declared names."""
        return frozenset((*self.key, *self.values))

    def classify_row(self, row: Any) -> Finding:
        """Classify a row of a response."""
        if not isinstance(row, Mapping) or not row:
            return Finding.NOTHING if row == {} else Finding.ERROR
        if not self.names:
            return Finding.ERROR if self._has_message(row) else Finding.RECORD
        is_complete = all(is_given(row.get(name)) for name in self.key)
        evidence = self._count_evidence(row)
        if is_complete and (evidence >= _EVIDENCE_WITH_MESSAGE or (evidence and not self._has_message(row))):
            return Finding.RECORD
        return self._classify_remains(row, is_complete=is_complete, has_evidence=evidence > 0)

    def _classify_remains(self, row: Mapping[str, Any], *, is_complete: bool, has_evidence: bool) -> Finding:
        """Distinguish a damaged record from a row that never was one, by the names of its fields."""
        if self._has_message(row):
            return Finding.ERROR
        if has_evidence:
            return Finding.DAMAGED if any(name in row for name in self.key) else Finding.ERROR
        is_other = any(name not in self.names and _says_something(value) for name, value in row.items())
        if is_other or self.names.isdisjoint(row):
            return Finding.ERROR
        return Finding.NOTHING if is_complete and self.may_be_bare else Finding.DAMAGED

    def _count_evidence(self, row: Mapping[str, Any]) -> int:
        """Return how many declared values a row has besides its key, at most two."""
        count = 0
        for name in self.values:
            if is_given(row.get(name)):
                count += 1
                if count == _EVIDENCE_WITH_MESSAGE:
                    break
        return count

    def _has_message(self, row: Mapping[str, Any]) -> bool:
        return any(
            name not in self.names and is_message_name(name) and _says_something(value) for name, value in row.items()
        )

    def hash_key(self, row: Any) -> int:
        """Return a hash that rows with one key share, and that other rows almost never have."""
        if not isinstance(row, Mapping):
            return hash(None)
        return hash(tuple(str(row.get(name)).strip().upper() for name in self.key))

    def fits_header(self, line: str) -> bool:
        """Whether the first line of a CSV file names the key and at least one value."""
        try:
            header = {name.strip() for name in next(csv.reader([line]), [])}
        except csv.Error:
            return False
        if not self.names:
            return len(header) > 1
        return header.issuperset(self.key) and not header.isdisjoint(self.values)


ANY_SHAPE = Shape()


@functools.cache
def make_shape(dataset: FmpDataset, endpoint: FmpEndpoint) -> Shape:
    """Return the shape of the rows of a dataset's endpoint, from their declarations."""
    fields = dataset.record.model_fields
    key = endpoint.sends or tuple(
        list_names(name, fields[name])[0] for name in dataset.key if fields[name].is_required()
    )
    values = [name for field in fields if field not in dataset.key for name in list_names(field, fields[field])]
    values += sorted(name for name in dataset.record.volatile if name not in fields)
    return Shape(key, tuple(name for name in values if name not in key), endpoint.may_be_bare)


def list_names(name: str, info: FieldInfo) -> list[str]:
    """Return the vendor's names of a field."""
    if isinstance(info.validation_alias, AliasChoices):
        return [str(choice) for choice in info.validation_alias.choices]
    return [info.alias or name]


def is_given(value: Any) -> bool:
    """Whether a value is present: neither absent, NaN nor nested."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, str | int | float) and read_absence(value) is not None


@functools.lru_cache(maxsize=4096)
def is_message_name(name: str) -> bool:
    """Whether a field of this name carries a server's message, in any spelling."""
    return re.sub("[^a-z]", "", str(name).lower()) in _MESSAGE_NAMES


def _says_something(value: Any) -> bool:
    return bool(value) if isinstance(value, list | dict) else value is not False and read_absence(value) is not None


def find_words(payload: Any) -> tuple[str, str]:
    """Return a response's message, or else its fields; and all its texts, from which to classify it."""
    messages: list[str] = []
    others: list[str] = []
    for is_message, name, value in _walk_values(payload):
        text = str(value)
        if is_message:
            messages.append(text)
        else:
            others.append(f"{name}: {text}" if name else text)
        if len(messages) + len(others) >= _MOST_WORDS:
            break
    return " ".join(messages) or ", ".join(others), " ".join([*messages, *others])


def _walk_values(payload: Any) -> Iterator[tuple[bool, str, Any]]:
    """Yield the plain values within, in order, with their names. Does not recurse, so any depth is safe."""
    stack: list[tuple[bool, str, Any]] = [(False, "", payload)]
    while stack:
        is_message, name, value = stack.pop()
        if isinstance(value, Mapping):
            inner = list(value.items())[:_MOST_WORDS]
            stack.extend((is_message or is_message_name(key), key, one) for key, one in reversed(inner))
        elif isinstance(value, list | tuple):
            stack.extend((is_message, name, one) for one in reversed(value[:_MOST_WORDS]))
        elif read_absence(value) is not None:
            yield is_message, name, value
