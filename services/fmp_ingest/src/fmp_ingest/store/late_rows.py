"""The state of a late row relative to the stored rows: already known, newer, or withdrawn since.

Unchanged rows are never written, so a stored row may have been confirmed without a trace. A late row therefore replaces another
only if no run requested the dataset since the row was delivered.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from fmp_collectors.dataset import FmpDataset, Repeats, Storage
from fmp_ingest.store.row_replacement import count_by_call
from fmp_ingest.store.row_store import Statements, build_statements
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection

_CAN_END = frozenset({Storage.SNAPSHOT, Storage.EVENTS})
_KEEPS_ALL = frozenset({Repeats.SET, Repeats.NUMBERED})
_OCCURRENCE = "occurrence"

# a response may have been empty
_SQL_REQUESTED_SINCE = """
SELECT EXISTS (
  SELECT FROM run_unit u JOIN task_execution_log t USING (task_id)
  WHERE t.source = 'fmp' AND u.dataset = $1 AND coalesce(u.completed_at, now()) > $2
    AND (u.read_count > 0 OR u.status IN ('running', 'completed', 'partial'))
    AND u.task_id <> $3 AND NOT t.parameters ? 'replay'
    AND (NOT t.parameters ? 'symbols' OR $4::text IS NULL OR t.parameters -> 'symbols' ? $4))
"""


class Standing(StrEnum):
    """The outcome for a late row: it is stored (replacing a row of its key, or next to it), already known, or older than what is
    stored or ended since; or nothing proves which row is valid."""

    STORE = "store"
    ADD = "add"
    KNOWN = "known"
    OUTDATED = "outdated"
    AMBIGUOUS = "ambiguous"
    UNPROVEN = "unproven"


@dataclass(frozen=True)
class Late:
    """A late row's delivery: when it was last seen, its run, call and symbol, whether its response has another row of its key,
    and whether that is known at all."""

    seen_at: datetime
    run_id: UUID
    call_id: int | None
    symbol: str | None
    has_twin: bool
    is_traced: bool


@dataclass(frozen=True)
class Stored:
    """A stored row of the staged row's key, the newest first; `is_kind` if the staged row corrects it."""

    is_same: bool
    is_kind: bool
    call_id: int | None
    known_at: datetime
    occurrence: int


@dataclass(frozen=True)
class LateStatements:
    """The SQL of one dataset for one staged row: `$1` of `find_ended` is a time, of `append_below` the run."""

    find_stored: str
    find_ended: str
    append_below: str


@functools.cache
def build_late_statements(dataset: FmpDataset) -> LateStatements:
    """Return the SQL; every name in it comes from our own tables."""
    sql = build_statements(dataset)
    key = " AND ".join(f't."{name}" = s."{name}"' for name in dataset.key if name != _OCCURRENCE)
    can_end = dataset.storage in _CAN_END
    version = "t.version" if dataset.storage is Storage.VERSIONS else "1"
    kind = f't."{dataset.kind_field}" IS NOT DISTINCT FROM s."{dataset.kind_field}"' if dataset.kind_field else "true"
    occurrence = f"t.{_OCCURRENCE}" if _OCCURRENCE in dataset.key else "1"
    current = " AND t.valid_to IS NULL" if can_end else ""
    return LateStatements(
        find_stored=compose(
            """
        SELECT t.content_hash = s.content_hash AS is_same, {kind} AS is_kind, t.call_id,
               coalesce(c.answered_at, t.updated_at) AS known_at, {occurrence} AS occurrence
        FROM {stage} s JOIN {table} t ON {key}{current} LEFT JOIN fmp_call c ON c.call_id = t.call_id
        ORDER BY {version} DESC, known_at DESC""",
            kind=kind,
            occurrence=occurrence,
            stage=sql.stage,
            table=dataset.table,
            key=key,
            current=current,
            version=version,
        ),
        find_ended=compose(
            """
        SELECT EXISTS (SELECT FROM {stage} s JOIN {table} t ON {key}
                       WHERE {condition})""",
            stage=sql.stage,
            table=dataset.table,
            key=key,
            condition="t.valid_to > $1" if can_end else "$1::timestamptz IS NULL",
        ),
        append_below=_build_below(dataset, sql, key) if dataset.storage is Storage.VERSIONS else "",
    )


def _build_below(dataset: FmpDataset, sql: Statements, key: str) -> str:
    """Return the SQL that appends a version below those stored."""
    names = ", ".join(f'"{name}"' for name in sql.columns)
    insert = compose(
        """
        INSERT INTO {table} AS t ({names}, version, raw_json, run_id, call_id, content_hash)
        SELECT {values}, (SELECT min(t.version) FROM {table} t WHERE {key}) - 1,
               s.raw_json::jsonb, $1, s.call_id, s.content_hash
        FROM {stage} s
        WHERE NOT EXISTS (SELECT FROM {table} t WHERE {key} AND t.content_hash = s.content_hash)""",
        table=dataset.table,
        names=names,
        values=", ".join(sql.values),
        key=key,
        stage=sql.stage,
    )
    return count_by_call(insert)


async def find_standing(connection: Connection, dataset: FmpDataset, late: Late) -> tuple[Standing, list[Stored]]:
    """Classify the one staged row, under the lock of its table; return its standing and the stored rows of its key."""
    sql = build_late_statements(dataset)
    stored = [Stored(**dict(row)) for row in await connection.fetch(sql.find_stored)]
    requested = await connection.fetchval(_SQL_REQUESTED_SINCE, dataset.name, late.seen_at, late.run_id, late.symbol)
    ended = await connection.fetchval(sql.find_ended, late.seen_at)
    return decide_standing(dataset, late, stored, has_ended=bool(ended), was_requested_since=bool(requested)), stored


def decide_standing(
    dataset: FmpDataset, late: Late, stored: Sequence[Stored], *, has_ended: bool, was_requested_since: bool
) -> Standing:
    """Return the standing of a late row; among versions, it is compared only with the newest."""
    held = stored[:1] if dataset.storage is Storage.VERSIONS else stored
    if any(one.is_same for one in held):
        return Standing.KNOWN
    keeps_all = dataset.repeats in _KEEPS_ALL
    twins = [one for one in held if late.call_id is not None and one.call_id == late.call_id]
    rivals = [one for one in held if one.is_kind and one not in twins]
    if (late.has_twin or twins) and not keeps_all:
        return Standing.AMBIGUOUS
    if has_ended or any(one.known_at > late.seen_at for one in rivals):
        return Standing.OUTDATED
    if rivals and not late.is_traced:
        return Standing.UNPROVEN
    if was_requested_since and (rivals or dataset.storage in _CAN_END):
        return Standing.UNPROVEN
    return Standing.ADD if twins or (late.has_twin and keeps_all) else Standing.STORE
