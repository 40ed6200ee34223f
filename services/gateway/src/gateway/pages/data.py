"""The pages' reads from the database besides the probe's state; each read is short or is abandoned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.runs.reject_state import REJECT_IS_OPEN

PAGE_SECONDS = 3.0
# each part of the dashboard may take this long
_PART_SECONDS = 1.5
_TEXT_SHOWN = 300
_ROWS = 100
# at most this many open rows are counted per kind
MOST_COUNTED = 10_000
_AWAY = "Unavailable while the database is down."
_NOT_MIGRATED = "Unavailable until the database is migrated: run `./sra migrate`."
_SLOW = "Unavailable: the database took too long to respond. Reload the page in a minute."


@dataclass(frozen=True)
class DashboardData:
    """The parts of the dashboard that come from the database; `missing` gives the reason for each missing part."""

    views: Sequence[dict[str, Any]] = ()
    rejects: Sequence[dict[str, Any]] = ()
    budget: Sequence[tuple[str, Any]] = ()
    minutes: Sequence[tuple[datetime, int]] = ()
    lake: Sequence[dict[str, Any]] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


async def read_dashboard(pool: Pool, *, responds: bool) -> DashboardData:
    """Return the parts that could be read; `responds` is whether the database responded when it was last seen."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, read in _PARTS.items():
        if not responds:
            missing[name] = _AWAY
            continue
        try:
            async with asyncio.timeout(_PART_SECONDS), pool.acquire() as connection:
                found[name] = await read(connection)
        except TimeoutError:
            missing[name] = _SLOW
        except OUTAGE_ERRORS:
            missing[name], responds = _AWAY, False
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            missing[name] = _NOT_MIGRATED
    return DashboardData(**found, missing=missing)


async def _read_views(connection: Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT relation, row_count, newest_at, built_at, changed_rows, error FROM published_view ORDER BY relation"
    )
    return [dict(row) for row in rows]


# the newest builds of the lake; if the views are newer, since when
SQL_LAKE = """
SELECT b.build_id, b.name, b.run_id, b.snapshot_at, b.changed_tables, b.written_bytes, count(*) AS tables,
  sum(t.row_count)::bigint AS rows, sum(t.file_count)::bigint AS files, sum(t.byte_count)::bigint AS bytes,
  (SELECT min(v.built_at) FROM published_view v WHERE v.built_at > b.snapshot_at) AS behind_since
FROM lake_build b JOIN lake_table t USING (build_id)
GROUP BY b.build_id ORDER BY b.build_id DESC LIMIT 10
"""


async def _read_lake(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection.fetch(SQL_LAKE)]


# The index is skipped through kind by kind, and at most MOST_COUNTED rows are read per kind: there may be millions.
SQL_OPEN_KINDS = compose(
    """
WITH RECURSIVE kind AS (
  (SELECT dataset, reason FROM rejected_record WHERE {reject_is_open} ORDER BY dataset, reason LIMIT 1)
  UNION ALL
  SELECT n.dataset, n.reason FROM kind k CROSS JOIN LATERAL (
    SELECT r.dataset, r.reason FROM rejected_record r
    WHERE {reject_is_open} AND (r.dataset, r.reason) > (k.dataset, k.reason)
    ORDER BY r.dataset, r.reason LIMIT 1) n
)
SELECT k.dataset, k.reason, (
  SELECT count(*) FROM (
    SELECT FROM rejected_record r
    WHERE {reject_is_open} AND r.dataset = k.dataset AND r.reason = k.reason LIMIT $1::int + 1) c) AS rows
FROM kind k ORDER BY rows DESC, k.dataset, k.reason LIMIT 20
""",
    reject_is_open=REJECT_IS_OPEN,
)


async def _read_reject_sums(connection: Connection) -> list[dict[str, Any]]:
    """Return the open rows of each kind; `rows` is MOST_COUNTED + 1 if there are more than MOST_COUNTED."""
    return [dict(row) for row in await connection.fetch(SQL_OPEN_KINDS, MOST_COUNTED)]


async def _read_budget(connection: Connection) -> list[tuple[str, Any]]:
    """Return the use of FMP's calls in the last day; empty if there were none."""
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
    usage: list[tuple[str, Any]] = [
        ("calls in the last 60 seconds", row["last_60_seconds"]),
        ("calls in the last day", row["last_day"]),
        ("peak calls per clock minute", highest),
        ("retried", row["retried"]),
        ("throttled by FMP", row["throttled"]),
    ]
    if parked is not None:
        usage.append((f"parked by the {parked['reason']} quota until", parked["parked_until"]))
    return usage


async def _read_minutes(connection: Connection) -> list[tuple[datetime, int]]:
    """Return the calls in each of the last sixty minutes; empty if there were none."""
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


_PARTS: Mapping[str, Callable[[Connection], Awaitable[Any]]] = {
    "views": _read_views,
    "rejects": _read_reject_sums,
    "budget": _read_budget,
    "minutes": _read_minutes,
    "lake": _read_lake,
}


async def read_view(connection: Connection, relation: str) -> dict[str, Any] | None:
    """Return a published view with its columns, types and meanings; None if it does not exist."""
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


async def list_warnings(connection: Connection, run_id: UUID, *, after: int = 0) -> list[dict[str, Any]]:
    """Return the next warnings of a run, in order of their numbers, after the number `after`."""
    rows = await connection.fetch(
        "SELECT warning_id, dataset, file_path, line, record_key, field, left(value, $2) AS value, reason"
        " FROM field_warning WHERE run_id = $1 AND warning_id > $4 ORDER BY warning_id LIMIT $3",
        run_id,
        _TEXT_SHOWN,
        _ROWS,
        after,
    )
    return [dict(row) for row in rows]
