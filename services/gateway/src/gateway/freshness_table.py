"""How fresh the data are, in the order in which people want to read it."""

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
    "lag_sessions": "sessions late",
    "last_success_at": "last success",
    "rows_stored": "stored",
    "rows_rejected": "rejected",
    "published_at": "published",
}
NUMBERS = frozenset({"lag_sessions", "rows_stored", "rows_rejected"})


@dataclass(frozen=True)
class FreshnessTable:
    """Rows of data_freshness without the views: what is late or missing, what comes daily, and the rest."""

    late: Sequence[Mapping[str, Any]]
    missing: Sequence[Mapping[str, Any]]
    expected: int
    shown: Sequence[Mapping[str, Any]]
    others: Sequence[Mapping[str, Any]]


def sort_freshness(rows: Sequence[Mapping[str, Any]]) -> FreshnessTable:
    """Return the rows, each with its `state`: late, missing (expected and never loaded), fresh, or none."""
    found = [{**row, "state": judge_row(row)} for row in rows if row.get("source") != "views"]
    late = [row for row in found if row["state"] == "late"]
    missing = [row for row in found if row["state"] == "missing"]
    daily = [row for row in found if row["state"] == "fresh" and row.get("cadence") == "daily"]
    shown = [*late, *missing, *daily]
    others = [row for row in found if row not in shown]
    return FreshnessTable(late, missing, sum(row["state"] is not None for row in found), shown, others)


def judge_row(row: Mapping[str, Any]) -> str | None:
    """Return how a dataset stands, None where nothing is expected of it."""
    if row.get("is_late"):
        return "late"
    if row.get("cadence") is None and row.get("is_late") is None:
        return None
    return "missing" if row.get("last_success_at") is None and not row.get("rows_stored") else "fresh"
