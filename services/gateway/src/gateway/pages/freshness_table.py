"""The freshness of the data, in the order in which readers need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = {
    "dataset": "Dataset",
    "cadence": "cadence",
    "newest_record": "newest",
    "expected_record": "expected",
    "late_since": "late since",
    "last_success_at": "last success",
    "rows_stored": "stored",
    "rows_rejected": "rejected",
}
NUMBERS = frozenset({"rows_stored", "rows_rejected"})


@dataclass(frozen=True)
class FreshnessTable:
    """Rows of data_freshness without the views: late, missing, fresh by an expected day, and all others."""

    late: Sequence[Mapping[str, Any]]
    missing: Sequence[Mapping[str, Any]]
    expected: int
    shown: Sequence[Mapping[str, Any]]
    others: Sequence[Mapping[str, Any]]


def sort_freshness(rows: Sequence[Mapping[str, Any]]) -> FreshnessTable:
    """Return the rows, each with its `state`: late, missing (expected and never loaded), fresh, or none."""
    found = [{**row, "state": decide_row_status(row)} for row in rows if row.get("source") != "views"]
    late = [row for row in found if row["state"] == "late"]
    missing = [row for row in found if row["state"] == "missing"]
    dated = [row for row in found if row["state"] == "fresh" and row.get("expected_record") and _is_daily(row)]
    shown = [*late, *missing, *dated]
    others = [row for row in found if row not in shown]
    return FreshnessTable(late, missing, sum(row["state"] is not None for row in found), shown, others)


def _is_daily(row: Mapping[str, Any]) -> bool:
    return row.get("cadence") == "daily"


def decide_row_status(row: Mapping[str, Any]) -> str | None:
    """Return the state of a dataset, or None if no day is expected of it."""
    if row.get("is_late"):
        return "late"
    if row.get("cadence") is None and row.get("is_late") is None:
        return None
    return "missing" if row.get("last_success_at") is None and not row.get("rows_stored") else "fresh"
