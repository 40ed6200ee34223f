"""How far back each dataset is stored, and which of the requested years are missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fmp_collectors.dataset import Audience, FmpDataset, History, Scope
from fmp_collectors.datasets import DATASETS
from fmp_ingest.collection.currency_pairs import read_pairs
from fmp_ingest.collection.resume_point import ResumePoint
from sra_shared.kit.db import Connection
from sra_shared.runs import ProcessingTask, TaskType

LISTED, DELISTED = "listed", "delisted"
LEAD = timedelta(days=45)
"""Days before the first: returns over all the years start from the last price before them, those by full months a month
earlier."""
# plans change; what one refused is requested again after this time
_REFUSAL_DAYS = 30

SQL_COVERED = """
SELECT dataset, part FROM fmp_history_state
WHERE first_day <= $1 AND (is_whole OR updated_at > now() - make_interval(days => $2))
"""
SQL_NOTE = """
INSERT INTO fmp_history_state AS h (dataset, part, first_day, is_whole, run_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (dataset, part) DO UPDATE SET first_day = least(h.first_day, excluded.first_day),
  is_whole = excluded.is_whole, run_id = excluded.run_id, updated_at = now()
"""


@dataclass(frozen=True)
class Missing:
    """Datasets whose history is missing: for listed, and for delisted securities."""

    listed: tuple[FmpDataset, ...]
    delisted: tuple[FmpDataset, ...]


def choose_first(today: date, years: int) -> date:
    """Return the first day of the history."""
    return date(today.year - years, today.month, min(today.day, 28)) - LEAD


async def find_missing(connection: Connection, first: date) -> Missing:
    """Return what is not stored from about `first` on."""
    covered = await _read_covered(connection, first)
    listed, delisted = [], []
    for dataset in DATASETS:
        if dataset.history is History.NONE:
            continue
        parts = await list_topics(connection, dataset) if has_topics(dataset) else [LISTED]
        if any((dataset.name, part) not in covered for part in parts):
            listed.append(dataset)
        if dataset.history is History.DELISTED and (dataset.name, DELISTED) not in covered:
            delisted.append(dataset)
    return Missing(tuple(listed), tuple(delisted))


async def find_missing_topics(connection: Connection, dataset: FmpDataset, first: date) -> list[str]:
    """Return which series of a dataset are not stored from about `first` on."""
    covered = await _read_covered(connection, first)
    return [topic for topic in await list_topics(connection, dataset) if (dataset.name, topic) not in covered]


async def _read_covered(connection: Connection, first: date) -> set[tuple[str, str]]:
    # the first day of the requested years moves on every day, and a first session is later than the first day
    rows = await connection.fetch(SQL_COVERED, first + LEAD, _REFUSAL_DAYS)
    return {(row["dataset"], row["part"]) for row in rows}


def has_topics(dataset: FmpDataset) -> bool:
    """Whether a dataset consists of series, each requested by itself, that do not belong to single companies."""
    return dataset.endpoints[0].scope is Scope.TOPIC


async def list_topics(connection: Connection, dataset: FmpDataset) -> list[str]:
    """Return the series of a dataset, sorted: its indices, or the required pairs of currencies."""
    is_of_pairs = dataset.audience is Audience.CURRENCIES
    return sorted(await read_pairs(connection) if is_of_pairs else dataset.endpoints[0].topics)


async def record_history(
    connection: Connection, task: ProcessingTask, dataset: FmpDataset, part: str, progress: ResumePoint
) -> None:
    """Record what a backfill requested of a dataset, in the caller's transaction; parts without a response are skipped.

    Only backfills that reach their own day count, since ordinary work continues from there, and none for selected symbols.
    """
    is_open = bool(progress.broken_off) or progress.was_throttled
    if dataset.history is History.NONE or is_open or not _reaches_today(task):
        return
    first = date.fromisoformat(str(task.parameters["from"]))
    if not has_topics(dataset):
        if not progress.spent:
            await connection.execute(SQL_NOTE, dataset.name, part, first, not progress.outside, task.task_id)
        return
    for topic in progress.only or await list_topics(connection, dataset):
        if topic not in progress.spent:
            is_whole = {"all", topic}.isdisjoint(progress.outside)
            await connection.execute(SQL_NOTE, dataset.name, topic, first, is_whole, task.task_id)


def _reaches_today(task: ProcessingTask) -> bool:
    parameters: dict[str, Any] = task.parameters
    first, last, symbols = (parameters.get(name) for name in ("from", "to", "symbols"))
    if task.task_type is not TaskType.FMP_BACKFILL or first is None or symbols is not None:
        return False
    return last is None or date.fromisoformat(str(last)) >= task.scheduled_at.date()
