"""Runs, freshness and rejects in the form that the commands print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg

from sra_cli.tables import format_duration, format_moment
from sra_shared.kit.db import Connection
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


def describe_cost(cost: Mapping[str, Any]) -> str:
    """Return the cost of a backfill, which the ledger has under `cost`, in words."""
    return f"about {cost['calls']:,} calls, {cost['minutes']:,.0f} minutes, from {cost['from']}"


def describe_backfill(task: ProcessingTask) -> str | None:
    """Return a line about a backfill whose cost was computed before it started; None for other runs."""
    cost = task.details.get("cost")
    if cost is None:
        return None
    return f"history   {str(task.task_id)[:8]}: {describe_cost(cost)}"


def describe_unit(unit: Unit) -> dict[str, Any]:
    """Return one unit of a run as a JSON object."""
    counts = unit.counts.as_dict()
    return {"unit": unit.unit, "dataset": unit.dataset, "status": unit.status.value, "error": unit.error, **counts}


async def read_freshness(connection: Connection) -> list[dict[str, Any]]:
    """Return the rows of sra.data_freshness; empty before views are first published."""
    try:
        return [dict(row) for row in await connection.fetch("SELECT * FROM sra.data_freshness ORDER BY 1, 2")]
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return []


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its times as ISO text."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


async def list_odd_keys(connection: Connection) -> list[str]:
    """Return a sentence for each dataset with stored keys that are not in their normal form."""
    if not await connection.fetchval("SELECT to_regclass('fundata_odd_key') IS NOT NULL"):
        return []
    rows = await connection.fetch(
        "SELECT DISTINCT ON (dataset) dataset, identifier, record_id, count(*) OVER (PARTITION BY dataset) AS keys"
        " FROM fundata_odd_key ORDER BY dataset, identifier, record_id"
    )
    return [
        f"{row['dataset']}: {row['keys']} stored keys are not in their normal form (such as identifier"
        f" {row['identifier']!a}, record {row['record_id']!a}): ./sra load --reparse {row['dataset']}."
        for row in rows
    ]
