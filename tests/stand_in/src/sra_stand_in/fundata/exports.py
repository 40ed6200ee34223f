"""The formats of an export: the CSV of the seed file, or a JSON array of records with lists."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable

from sra_stand_in.fundata.datasets import Dataset
from sra_stand_in.fundata.records import Record

API_VERSION = "2.1"
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?\Z")
_TEXT_COLUMNS = frozenset({"RecordId", "InstrumentKey", "IdentifierValue", "FundServCode", "BenchmarkInstrumentKey"})
_GROUPED = {
    "FundTopHolding": ("holdings", ("Language", "Date", "RecordState"), ("Security", "MarketPercent", "HoldingNumber")),
    "FundAllocation": (
        "sectors",
        ("Language", "AllocationDate", "AllocationType", "RecordState"),
        ("AllocationName", "AllocationValue"),
    ),
}


def encode_csv(dataset: Dataset, records: Iterable[Record]) -> bytes:
    """CSV with the seed file's header, also where there is no record."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(dataset.columns)
    writer.writerows(records)
    return text.getvalue().encode()


def _show(name: str, value: str) -> str:
    if value == "":
        return "null"
    if name not in _TEXT_COLUMNS and _NUMBER.match(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _encode_object(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in pairs) + "}"


def _encode_flat(dataset: Dataset, record: Record) -> str:
    pairs = [("api_version", f'"{API_VERSION}"')]
    for name, value in zip(dataset.columns, record, strict=True):
        pairs.append(("identifier" if name == "InstrumentKey" else name, _show(name, value)))
    return _encode_object(pairs)


def _encode_grouped(dataset: Dataset, records: Iterable[Record]) -> list[str]:
    """One object per instrument and head, its elements in a list; such a record has no RecordId."""
    field, heads, elements = _GROUPED[dataset.name]
    groups: dict[tuple[str, ...], tuple[list[str], str]] = {}
    for record in records:
        names = dict(zip(dataset.columns, record, strict=True))
        key = (names["InstrumentKey"], *(names[head] for head in heads))
        members, changed = groups.get(key, ([], ""))
        members.append(_encode_object((name, _show(name, names[name])) for name in elements))
        groups[key] = (members, max(changed, names["ChangeDate"]))
    return [
        _encode_object(
            [
                ("api_version", f'"{API_VERSION}"'),
                ("identifier", json.dumps(key[0])),
                *((head, _show(head, value)) for head, value in zip(heads, key[1:], strict=True)),
                ("ChangeDate", json.dumps(changed)),
                (field, "[" + ",".join(members) + "]"),
            ]
        )
        for key, (members, changed) in groups.items()
    ]


def encode_json(dataset: Dataset, records: Iterable[Record]) -> bytes:
    """A JSON array; numbers keep the digits of the CSV, `identifier` is the instrument key."""
    if dataset.name in _GROUPED:
        objects = _encode_grouped(dataset, records)
    else:
        objects = [_encode_flat(dataset, record) for record in records]
    return ("[" + ",\n".join(objects) + "]").encode()
