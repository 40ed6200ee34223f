"""What pages read from the database besides what the probe knows; each read is short, or given up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from sra_shared.db import OUTAGE_ERRORS, Connection, Pool

PAGE_SECONDS = 3.0
_RAW_SHOWN = 300
_ROWS = 100


@dataclass(frozen=True)
class DashboardData:
    """The parts of the dashboard that only the database knows."""

    views: Sequence[dict[str, Any]] = ()
    rejects: Sequence[dict[str, Any]] = ()
    budget: Sequence[tuple[str, Any]] = ()
    minutes: Sequence[tuple[datetime, int]] = ()


@dataclass(frozen=True)
class RejectFilter:
    """Which rejected rows to list; `before` is the id that the page starts below."""

    dataset: str | None = None
    reason: str | None = None
    run_id: UUID | None = None
    resolved: bool = False
    before: int | None = None
    limit: int = field(default=_ROWS)


async def read_dashboard(pool: Pool) -> DashboardData | None:
    """Return the parts, or None where the database is away, not migrated or too slow for a page."""
    try:
        async with asyncio.timeout(PAGE_SECONDS), pool.acquire() as connection:
            return DashboardData(
                views=await _read_views(connection),
                rejects=await _read_reject_sums(connection),
                budget=await _read_budget(connection),
                minutes=await _read_minutes(connection),
            )
    except (*OUTAGE_ERRORS, asyncpg.PostgresError):
        return None


async def _read_views(connection: Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT relation, row_count, newest_at, built_at, changed_rows, error FROM published_view ORDER BY relation"
    )
    return [dict(row) for row in rows]


async def _read_reject_sums(connection: Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT dataset, reason, count(*) AS rows FROM rejected_record WHERE resolved_at IS NULL"
        " GROUP BY dataset, reason ORDER BY count(*) DESC, dataset, reason LIMIT 20"
    )
    return [dict(row) for row in rows]


async def _read_budget(connection: Connection) -> list[tuple[str, Any]]:
    """Return the use of FMP's calls in the last day, nothing where there were none."""
    row = await connection.fetchrow(
        """
        SELECT coalesce(sum(calls) FILTER (WHERE second > now() - interval '60 seconds'), 0) AS last_60_seconds,
               coalesce(sum(calls), 0) AS last_day, coalesce(sum(retried), 0) AS retried,
               coalesce(sum(throttled), 0) AS throttled
        FROM fmp_call_tally WHERE second > now() - interval '1 day'
        """
    )
    highest = await connection.fetchval(
        "SELECT max(minute.calls) FROM (SELECT sum(calls) AS calls FROM fmp_call_tally"
        " WHERE second > now() - interval '1 day' GROUP BY date_trunc('minute', second)) AS minute"
    )
    parked = await connection.fetchrow("SELECT parked_until, reason FROM fmp_quota WHERE parked_until > now()")
    if row is None or not row["last_day"]:
        return []
    told: list[tuple[str, Any]] = [
        ("calls in the last 60 seconds", row["last_60_seconds"]),
        ("calls in the last day", row["last_day"]),
        ("most calls in one clock minute of it", highest),
        ("retried", row["retried"]),
        ("throttled by FMP", row["throttled"]),
    ]
    if parked is not None:
        told.append((f"parked by the {parked['reason']} quota until", parked["parked_until"]))
    return told


async def _read_minutes(connection: Connection) -> list[tuple[datetime, int]]:
    """Return the calls in each of the last sixty minutes, nothing where there were none."""
    rows = await connection.fetch(
        """
        SELECT minute, coalesce(sum(t.calls), 0)::bigint AS calls
        FROM generate_series(date_trunc('minute', now()) - interval '59 minutes', now(), interval '1 minute') AS minute
        LEFT JOIN fmp_call_tally t ON t.second >= minute AND t.second < minute + interval '1 minute'
          AND t.second > now() - interval '61 minutes'
        GROUP BY minute ORDER BY minute
        """
    )
    return [(row["minute"], row["calls"]) for row in rows] if any(row["calls"] for row in rows) else []


_SHOWN = """
SELECT reject_id, run_id, source, dataset, file_path, line, record_key, reason, detail, created_at, resolved_at,
  substring(raw FROM 1 FOR 4 * $7::int) AS raw
"""
_SQL_REJECTS = """
FROM rejected_record
WHERE ($1::text IS NULL OR dataset = $1) AND ($2::text IS NULL OR reason = $2)
  AND ($3::uuid IS NULL OR run_id = $3) AND ($4 OR resolved_at IS NULL)
  AND ($5::bigint IS NULL OR reject_id < $5)
ORDER BY reject_id DESC LIMIT $6
"""
_SQL_LIST = _SHOWN + _SQL_REJECTS


async def list_rejects(connection: Connection, wanted: RejectFilter) -> list[dict[str, Any]]:
    """Return rejected rows, newest first, their bytes as text cut to a length that fits a page."""
    found = []
    for row in await connection.fetch(_SQL_LIST, *_list_arguments(wanted), _RAW_SHOWN):
        text = row["raw"].decode("utf-8", "replace").replace("\x00", "␀")
        found.append({**dict(row), "raw": text if len(text) <= _RAW_SHOWN else text[:_RAW_SHOWN] + "…"})
    return found


async def list_whole_rejects(connection: Connection, wanted: RejectFilter) -> list[dict[str, Any]]:
    """Return rejected rows, newest first, with all of their bytes as text; what is no UTF-8 stands as \\xNN."""
    rows = await connection.fetch(f"SELECT * {_SQL_REJECTS}", *_list_arguments(wanted))
    return [{**dict(row), "raw": row["raw"].decode("utf-8", "backslashreplace")} for row in rows]


def _list_arguments(wanted: RejectFilter) -> list[Any]:
    return [wanted.dataset, wanted.reason, wanted.run_id, wanted.resolved, wanted.before, wanted.limit]


async def list_reject_kinds(connection: Connection) -> dict[str, list[str]]:
    """Return the datasets and the reasons that stand among the rejected rows."""
    rows = await connection.fetch("SELECT DISTINCT dataset, reason FROM rejected_record")
    return {name: sorted({row[name] for row in rows}) for name in ("dataset", "reason")}


async def read_view(connection: Connection, relation: str) -> dict[str, Any] | None:
    """Return a published view with its columns, their types and what they mean; None where there is none."""
    row = await connection.fetchrow("SELECT * FROM published_view WHERE relation = $1", relation)
    if row is None:
        return None
    columns = await connection.fetch(
        """
        SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
               coalesce(col_description(c.oid, a.attnum), '') AS meaning, obj_description(c.oid, 'pg_class') AS about
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE n.nspname = 'sra' AND c.relname = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        """,
        relation,
    )
    about = columns[0]["about"] if columns else None
    return {**dict(row), "columns": [dict(column) for column in columns], "about": about or ""}


async def list_warnings(connection: Connection, run_id: UUID) -> list[dict[str, Any]]:
    """Return the first warnings of a run."""
    rows = await connection.fetch(
        "SELECT dataset, file_path, line, record_key, field, left(value, $2) AS value, reason FROM field_warning"
        " WHERE run_id = $1 ORDER BY warning_id LIMIT $3",
        run_id,
        _RAW_SHOWN,
        _ROWS,
    )
    return [dict(row) for row in rows]
