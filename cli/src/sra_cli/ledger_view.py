"""Runs, freshness and rejects as the commands print them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from sra_cli.tables import format_duration, format_moment
from sra_shared.db import Connection
from sra_shared.runs import ProcessingTask, Unit

RUN_COLUMNS = ("run", "type", "status", "started", "#took", "#records", "?#errors")
UNIT_COLUMNS = ("dataset", "status", "#read", "#stored", "?#unchanged", "?#duplicate", "#rejected")


def summarise_run(task: ProcessingTask) -> tuple[object, ...]:
    """Return the cells of a run for RUN_COLUMNS."""
    return (
        str(task.task_id)[:8],
        task.task_type.value,
        f"{task.status} late" if task.overdue else str(task.status),
        format_moment(task.started_at),
        format_duration(None if task.duration_seconds is None else float(task.duration_seconds)),
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
