"""The SQL that replaces a row with a newer one of its key, and moves the former row to the history in the same
statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from fmp_collectors.dataset import FmpDataset
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger

_log = get_logger(__name__)

MONTHS_AHEAD = 24

_PROVENANCE = ("raw_json", "run_id", "call_id", "content_hash", "created_at", "updated_at")
_LASTING = ("lasting_hash", "known_at")


@dataclass(frozen=True)
class MergeNames:
    """A dataset's staging table, its columns, and their staged values as SQL over `s`."""

    stage: str
    columns: Sequence[str]
    values: Sequence[str]


def count_by_call(insert: str) -> str:
    """Return a statement that runs an INSERT into `t` and returns the rows written per call."""
    return compose(
        """
        WITH stored AS ({insert} RETURNING t.call_id)
        SELECT call_id, count(*) AS stored FROM stored GROUP BY call_id""",
        insert=insert,
    )


def write_merge(dataset: FmpDataset, names: MergeNames) -> str:
    """Return the statement that merges the staged rows of run $1 and returns the rows written per call.

    Each row is looked up once, whatever the outcome. The caller holds a lock under which no other session replaces rows of the
    table, so the row that is looked up is the row that is replaced.
    """
    key = " AND ".join(f't."{name}" = s."{name}"' for name in dataset.key)
    former, trace = "", ""
    if dataset.moves_replaced:
        kept = [name for name in names.columns if name not in dataset.key]
        former_columns = [*kept, *_PROVENANCE, *(_LASTING if dataset.record.moving else ())]
        former = "".join(f', t."{name}" AS "was_{name}"' for name in former_columns)
        trace = f", traced AS ({_write_trace(dataset, kept)})"
    return compose(
        """
        WITH differing AS MATERIALIZED (
          SELECT s.*{former}
          FROM {stage} s LEFT JOIN LATERAL (SELECT * FROM {table} t WHERE {key} LIMIT 1) t ON true
          WHERE t.content_hash IS DISTINCT FROM s.content_hash
        ){trace}, stored AS ({write_upsert} RETURNING t.call_id)
        SELECT call_id, count(*) AS stored FROM stored GROUP BY call_id""",
        former=former,
        stage=names.stage,
        table=dataset.table,
        key=key,
        trace=trace,
        write_upsert=_write_upsert(dataset, names),
    )


async def extend_history(connection: Connection) -> None:
    """Create the history's partitions of the next two years; each month adds one.

    If other sessions hold its lock too long, a later run creates them; rows of a month without a partition are in the default
    partition.
    """
    try:
        await connection.execute("SELECT fmp_extend_row_history($1)", MONTHS_AHEAD)
    except asyncpg.LockNotAvailableError as error:
        _log.warning("history_not_extended", error=str(error))


def _write_trace(dataset: FmpDataset, kept: Sequence[str]) -> str:
    """Return the INSERT that keeps replaced rows, unless only moving fields changed."""
    key = ", ".join(f"""'{name}', d."{name}\"""" for name in dataset.key)
    values = ", ".join(f'd."was_{name}" AS "{name}"' for name in kept)
    symbol = 'd."symbol"' if "symbol" in dataset.key else "NULL"
    known_from, condition = "d.was_updated_at", ""
    if dataset.record.moving:
        known_from = "coalesce(d.was_known_at, d.was_updated_at)"
        condition = " AND d.was_lasting_hash IS DISTINCT FROM d.lasting_hash"
    return compose(
        """
          INSERT INTO fmp_row_history (known_from, known_until, created_at, call_id, run_id, replaced_by, table_name, symbol,
            content_hash, key, row_values, raw_json)
          SELECT {known_from}, statement_timestamp(), d.was_created_at, d.was_call_id, d.was_run_id, $1, '{table}',
            {symbol}, d.was_content_hash, jsonb_build_object({key}),
            (SELECT to_jsonb(v) FROM (SELECT {values}) v), d.was_raw_json
          FROM differing d WHERE d.was_content_hash IS NOT NULL{condition}""",
        known_from=known_from,
        table=dataset.table,
        symbol=symbol,
        key=key,
        values=values,
        condition=condition,
    )


def _write_upsert(dataset: FmpDataset, names: MergeNames) -> str:
    quoted = [f'"{name}"' for name in names.columns]
    extra = [*_LASTING[:1]] if dataset.record.moving else []
    updates = [f'"{name}" = excluded."{name}"' for name in names.columns if name not in dataset.key]
    updates += [f"{name} = excluded.{name}" for name in ("raw_json", "run_id", "call_id", "content_hash", *extra)]
    # not the transaction's start: two transactions that wait for one another would disagree on which row was known
    # first
    updates.append("updated_at = statement_timestamp()")
    if dataset.record.moving:
        updates.append(
            "known_at = CASE WHEN t.lasting_hash = excluded.lasting_hash THEN coalesce(t.known_at, t.updated_at) END"
        )
    columns = ", ".join([*quoted, "raw_json", "run_id", "call_id", "content_hash", *extra])
    values = ", ".join(
        [*names.values, "s.raw_json::jsonb", "$1", "s.call_id", "s.content_hash", *(f"s.{n}" for n in extra)]
    )
    order = ", ".join(f's."{name}"' for name in dataset.key)
    conflict = ", ".join(f'"{name}"' for name in dataset.key)
    return compose(
        """
          INSERT INTO {table} AS t ({columns})
          SELECT {values} FROM differing s ORDER BY {order}
          ON CONFLICT ({conflict}) DO UPDATE SET {updates}""",
        table=dataset.table,
        columns=columns,
        values=values,
        order=order,
        conflict=conflict,
        updates=", ".join(updates),
    )
