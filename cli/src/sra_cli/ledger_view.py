"""Runs, freshness and rejects as the commands print them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from sra_shared.db import Connection
from sra_shared.runs import ProcessingTask, Unit

RUN_COLUMNS = ("run", "type", "status", "started", "#seconds", "#records", "#errors")


def format_time(moment: datetime | None) -> str:
    """Return a moment in UTC to the second, without the zone."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def summarise_run(task: ProcessingTask) -> tuple[object, ...]:
    """Return the cells of a run for RUN_COLUMNS."""
    seconds = "" if task.duration_seconds is None else f"{task.duration_seconds:.1f}"
    status = f"{task.status}, overdue" if task.overdue else str(task.status)
    started = format_time(task.started_at)
    return (
        str(task.task_id)[:8],
        task.task_type.value,
        status,
        started,
        seconds,
        task.records_processed,
        task.errors_count,
    )


def describe_unit(unit: Unit) -> dict[str, Any]:
    """Return one part of a run as JSON shows it."""
    counts = unit.counts.as_dict()
    return {"unit": unit.unit, "dataset": unit.dataset, "status": unit.status.value, "error": unit.error, **counts}


async def read_freshness(connection: Connection) -> list[dict[str, Any]]:
    """Return the rows of sra.data_freshness; nothing before views were published for the first time."""
    try:
        return [dict(row) for row in await connection.fetch("SELECT * FROM sra.data_freshness ORDER BY 1, 2")]
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return []


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its times as ISO text."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
