"""Daily changes of the vendor: new daily values, a late correction, some changed records.

Every change belongs to its day, so a later day of the world only ever adds changes to those of an earlier one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from sra_stand_in.calendars import open_calendar
from sra_stand_in.fundata.datasets import NAVPS, Dataset
from sra_stand_in.fundata.records import Record, nav_factor
from sra_stand_in.randomness import mix

_CHANGEABLE = ("ManagementFee", "AllocationValue", "ExpenseValue", "FundAssetsValue", "OneMonthReturn", "CompoundReturn",
    "CompoundReturnRanking", "AnnualizedSTD", "WorstMonthlyReturn", "TotalDistribution", "MaxPercent", "Value",
    "MarketPercent", "Fee", "LegalName", "Style", "CreditRatingClass", "BenchmarkType", "IdentifierValue")  # fmt: skip
_TEXTS = frozenset({"LegalName", "Style", "CreditRatingClass", "BenchmarkType", "IdentifierValue"})
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_CORRECTION_LAG = 3
_ROWS_PER_CHANGE = 200


def read_day(text: str) -> int | None:
    """A date of a record (ISO, or slashed with the month first) as a day ordinal; None where there is none."""
    text = text.strip()[:10]
    try:
        if "/" in text:
            month, day, year = text.split("/")
            return dt.date(int(year), int(month), int(day)).toordinal()
        return dt.date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def change_day(dataset: Dataset, record: Record) -> int:
    """The day of the record's ChangeDate; 0 where there is none."""
    return read_day(record[dataset.columns.index("ChangeDate")]) or 0


def _alter(dataset: Dataset, record: Record, day: int) -> Record:
    """The record with one value changed, and the day as its ChangeDate."""
    names = dict(zip(dataset.columns, record, strict=True))
    field = next((name for name in _CHANGEABLE if name in names), None)
    old = "" if field is None else names[field]
    if field in _TEXTS:
        names[field] = f"{old} ({dt.date.fromordinal(day):%Y-%m})".strip()
    elif field is not None and _PLAIN_NUMBER.match(old):
        places = len(old.partition(".")[2])
        names[field] = f"{float(old) + 10**-places * (1 + mix(day, len(old)) % 9):.{places}f}"
    names["ChangeDate"] = dt.date.fromordinal(day).isoformat()
    return tuple(names.values())


def apply_changes(dataset: Dataset, base: list[Record], as_of: int) -> list[Record]:
    """The records of a data set as the vendor holds them at the end of a day."""
    if not base:
        return []
    records = list(base)
    first = max(change_day(dataset, record) for record in base) + 1
    code = mix(*dataset.name.encode())
    for day in open_calendar("CA").between(first, as_of):
        for number in range(1 + len(base) // _ROWS_PER_CHANGE):
            place = mix(code, day, number) % len(base)
            records[place] = _alter(dataset, base[place], day)
    return records


def _make_value(
    dataset: Dataset, *, key: str, record_id: int, day: int, value: float, before: tuple[int, float]
) -> Record:
    prior_day, prior = before
    iso_day = dt.date.fromordinal(day).isoformat()
    names = dict.fromkeys(dataset.columns, "") | {
        "RecordId": str(record_id),
        "InstrumentKey": key,
        "Date": iso_day,
        "NAVPS": f"{value:.8f}",
        "NAVPSPennyChange": f"{value - prior:.8f}",
        "NAVPSPercentChange": f"{(value / prior - 1) * 100:.8f}",
        "PreviousDate": dt.date.fromordinal(prior_day).isoformat(),
        "PreviousNAVPS": f"{prior:.8f}",
        "RecordState": "Active",
        "ChangeDate": iso_day,
    }
    return tuple(names.values())


def _find_last_values(dataset: Dataset, base: Sequence[Record]) -> dict[str, tuple[int, float]]:
    key_at, day_at = dataset.columns.index("InstrumentKey"), dataset.columns.index("Date")
    value_at = dataset.columns.index("NAVPS")
    last: dict[str, tuple[int, float]] = {}
    for record in base:
        key, day = record[key_at].strip(), read_day(record[day_at])
        try:
            value = float(record[value_at])
        except ValueError:
            continue
        if key and day is not None and value > 0 and day >= last.get(key, (0, 0.0))[0]:
            last[key] = (day, value)
    return last


def extend_values(dataset: Dataset, base: list[Record], as_of: int) -> list[Record]:
    """The base and a value per fund for each session after it, up to a day; each session one late correction."""
    last = _find_last_values(dataset, base)
    if not last:
        return list(base)
    ids = [int(record[0]) for record in base if record[0].strip().isdigit()]
    start, first_id = max(day for day, _ in last.values()), max(ids, default=0) + 1
    sessions = open_calendar("CA").between(start + 1, as_of)
    made: dict[tuple[str, int], Record] = {}
    for place, (key, (seed_day, seed_value)) in enumerate(sorted(last.items())):
        level = seed_value / nav_factor(_number_key(key), seed_day)
        before = (seed_day, seed_value)
        for step, day in enumerate(sessions):
            value = level * nav_factor(_number_key(key), day)
            made[key, day] = _make_value(
                dataset, key=key, record_id=first_id + step * len(last) + place, day=day, value=value, before=before
            )
            before = (day, float(f"{value:.8f}"))
    _correct_values(dataset, made, sorted(last), sessions)
    return [*base, *made.values()]


def _number_key(key: str) -> int:
    """A small number for any instrument key, as the phase of its movement."""
    return int(key) if key.isdigit() and len(key) < 10 else mix(*key.encode()) % 10**6


def _correct_values(
    dataset: Dataset, made: dict[tuple[str, int], Record], keys: list[str], sessions: list[int]
) -> None:
    """Change the value of three sessions ago for one fund of each session."""
    value_at, change_at = dataset.columns.index("NAVPS"), dataset.columns.index("ChangeDate")
    for late, day in zip(sessions[_CORRECTION_LAG:], sessions, strict=False):
        place = (keys[mix(late, 71) % len(keys)], day)
        fields = list(made[place])
        fields[value_at] = f"{float(fields[value_at]) * 1.0005:.8f}"
        fields[change_at] = dt.date.fromordinal(late).isoformat()
        made[place] = tuple(fields)


def update_records(dataset: Dataset, base: list[Record], as_of: int) -> list[Record]:
    """The vendor's records at the end of a day."""
    if dataset.name == NAVPS:
        return extend_values(dataset, base, as_of)
    return apply_changes(dataset, base, as_of)
