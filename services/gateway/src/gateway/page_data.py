"""What pages read from the database besides the probe's state; each read is short or is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from sra_shared.db import OUTAGE_ERRORS, Connection, Pool
from sra_shared.reject_state import REJECT_IS_OPEN
from sra_shared.statements import compose

PAGE_SECONDS = 3.0
# each part of the dashboard may take this long
_PART_SECONDS = 1.5
_RAW_SHOWN = 300
_ROWS = 100
# at most this many open rows are counted per kind
MOST_COUNTED = 10_000
_BYTES_PER_READ = 1_000_000
_ROWS_PER_READ = 500
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
    missing: Mapping[str, str] = field(default_factory=dict)


RejectState = Literal["open", "dismissed", "resolved", "all"]


@dataclass(frozen=True)
class RejectFilter:
    """Which rejected rows to list; a run's are those that it read first or last. Only ids below `before` are listed."""

    dataset: str | None = None
    reason: str | None = None
    run_id: UUID | None = None
    state: RejectState = "open"
    before: int | None = None
    limit: int = field(default=_ROWS)


async def read_dashboard(pool: Pool, *, answers: bool) -> DashboardData:
    """Return the parts that could be read; `answers` is whether the database responded when it was last seen."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, read in _PARTS.items():
        if not answers:
            missing[name] = _AWAY
            continue
        try:
            async with asyncio.timeout(_PART_SECONDS), pool.acquire() as connection:
                found[name] = await read(connection)
        except TimeoutError:
            missing[name] = _SLOW
        except OUTAGE_ERRORS:
            missing[name], answers = _AWAY, False
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            missing[name] = _NOT_MIGRATED
    return DashboardData(**found, missing=missing)


async def _read_views(connection: Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        "SELECT relation, row_count, newest_at, built_at, changed_rows, error FROM published_view ORDER BY relation"
    )
    return [dict(row) for row in rows]


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
SQL_KINDS = """
WITH RECURSIVE kind AS (
  (SELECT dataset, reason FROM rejected_record ORDER BY dataset, reason LIMIT 1)
  UNION ALL
  SELECT n.dataset, n.reason FROM kind k CROSS JOIN LATERAL (
    SELECT r.dataset, r.reason FROM rejected_record r WHERE (r.dataset, r.reason) > (k.dataset, k.reason)
    ORDER BY r.dataset, r.reason LIMIT 1) n
)
SELECT dataset, reason FROM kind
"""


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
}

_STATES: Mapping[RejectState, str] = {
    "open": REJECT_IS_OPEN,
    "dismissed": "dismissed_at IS NOT NULL",
    "resolved": "resolved_at IS NOT NULL",
    "all": "true",
}
_SHOWN = """
SELECT reject_id, run_id, source, dataset, file_path, line, left(record_key, $6::int) AS record_key, reason,
  left(detail, $6::int) AS detail, created_at, seen_count, last_seen_at, coalesce(last_run_id, run_id) AS last_run_id,
  resolved_at, resolution, dismissed_at, dismissed_by, dismissal, octet_length(raw) AS raw_bytes,
  substring(raw FROM 1 FOR 4 * $6::int) AS raw
"""


async def list_rejects(connection: Connection, wanted: RejectFilter) -> list[dict[str, Any]]:
    """Return rejected rows, newest first, with their bytes as text, truncated to fit a page."""
    found = []
    for row in await connection.fetch(_SHOWN + _write_choice(wanted), *_list_arguments(wanted), _RAW_SHOWN):
        text = row["raw"].decode("utf-8", "replace").replace("\x00", "␀")
        found.append({**dict(row), "raw": text if len(text) <= _RAW_SHOWN else text[:_RAW_SHOWN] + "…"})
    return found


async def list_whole_rejects(connection: Connection, wanted: RejectFilter) -> list[asyncpg.Record]:
    """Return the next rejected rows, newest first, with all their bytes; empty at the end."""
    # A row may have a megabyte, so a batch is limited by its bytes; it always has at least one row.
    query = compose(
        """
    SELECT * FROM (
      SELECT r.*, sum(s.size) OVER (ORDER BY r.reject_id DESC) - s.size AS bytes_before
      FROM (SELECT * {write_choice}) r
      CROSS JOIN LATERAL (
        SELECT octet_length(r.raw) + coalesce(octet_length(r.detail), 0) + coalesce(octet_length(r.record_key), 0)
          AS size) s
    ) sized
    WHERE bytes_before < $6 ORDER BY reject_id DESC""",
        write_choice=_write_choice(wanted),
    )
    arguments = _list_arguments(replace(wanted, limit=_ROWS_PER_READ))
    return await connection.fetch(query, *arguments, _BYTES_PER_READ)


def _write_choice(wanted: RejectFilter) -> str:
    return f"""
    FROM rejected_record
    WHERE ($1::text IS NULL OR dataset = $1) AND ($2::text IS NULL OR reason = $2)
      AND ($3::uuid IS NULL OR run_id = $3 OR coalesce(last_run_id, run_id) = $3) AND {_STATES[wanted.state]}
      AND ($4::bigint IS NULL OR reject_id < $4)
    ORDER BY reject_id DESC LIMIT $5"""


def _list_arguments(wanted: RejectFilter) -> list[Any]:
    return [wanted.dataset, wanted.reason, wanted.run_id, wanted.before, wanted.limit]


async def list_reject_kinds(connection: Connection) -> dict[str, list[str]]:
    """Return the datasets and the reasons that occur among the rejected rows."""
    rows = await connection.fetch(SQL_KINDS)
    return {name: sorted({row[name] for row in rows}) for name in ("dataset", "reason")}


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
        _RAW_SHOWN,
        _ROWS,
        after,
    )
    return [dict(row) for row in rows]
