"""Rejected rows as the API and the pages filter, list and dismiss them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import Query

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.runs.audit import Actor
from sra_shared.runs.reject_state import REJECT_IS_OPEN
from sra_shared.runs.rejects import Verdicts, dismiss_rejects
from sra_shared.service import ProblemError

_RAW_SHOWN = 300
_ROWS = 100
_BYTES_PER_READ = 1_000_000
_ROWS_PER_READ = 500
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


RunId = Annotated[str, Query(max_length=36, pattern=r"^[0-9a-fA-F-]*$")]


def read_filter(
    dataset: Annotated[str, Query(max_length=100)] = "",
    reason: Annotated[str, Query(max_length=100)] = "",
    run_id: RunId = "",
    state: RejectState = "open",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> RejectFilter:
    """Read the filter from the query; a dependency. Raises ProblemError if the run's id is invalid."""
    return RejectFilter(dataset or None, reason or None, read_run_id(run_id), state, before)


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


async def dismiss_for(connection: Connection, reject_ids: Sequence[int], *, why: str, by: Actor) -> Verdicts:
    """As `dismiss_rejects`; raises ProblemError if the reason is not accepted."""
    try:
        return await dismiss_rejects(connection, reject_ids, why=why, by=by)
    except ValueError as error:
        raise ProblemError(
            422, f"A dismissal needs a reason: {error}.", next_step="Enter a reason and submit again."
        ) from None


def read_run_id(text: str) -> UUID | None:
    """Return the id of a run; None if none is given. Raises ProblemError if it is invalid."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise ProblemError(422, "This is not the id of a run.", next_step="Copy it from the list of runs.") from None
