"""Holds a delivery that would remove too many records from the current views at once.

Nothing is ever deleted from the Fundata tables, and a record that a delivery does not name stays. A RecordState other than
Active removes a record from the current views. If many records change to one at once, a person should check that first.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from fundata_ingest.store.chunks import Chunk, DeliveryContext
from fundata_ingest.store.target_tables import TargetTable
from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import RunHeldError
from sra_shared.runs import UnitContext

# Fewer records than these are one or two closed funds, however large their share of a small dataset is.
FEWEST_HELD = 100

_ACTIVE = "({0}.record_state IS NULL OR lower({0}.record_state) IN ('', 'active'))"
_IS_LEFT = f"{_ACTIVE.format('o')} AND NOT {_ACTIVE.format('n')}"
_IS_BACK = f"NOT {_ACTIVE.format('o')} AND {_ACTIVE.format('n')}"
_SQL_LEFT = f"""
SELECT count(*) FILTER (WHERE {_IS_LEFT}) - count(*) FILTER (WHERE {_IS_BACK})
FROM unnest($1::text[], $2::{{key_type}}[]) AS c (identifier, part)
JOIN {{table}}_superseded s ON s.identifier = c.identifier AND s.{{key}} = c.part AND s.dataset = $3
 AND s.run_id = $4 AND s.superseded_at = now() AND s.superseded_by > s.data_version
JOIN {{table}} o ON o.identifier = c.identifier AND o.{{key}} = c.part AND o.dataset = $3
 AND o.data_version = s.data_version AND o.row_ordinal = 0
JOIN {{table}} n ON n.identifier = c.identifier AND n.{{key}} = c.part AND n.dataset = $3
 AND n.data_version = s.superseded_by AND n.row_ordinal = 0
"""  # noqa: S608 - constants of this module
_SQL_ADD = """
UPDATE run_unit SET progress = progress || jsonb_build_object('left', coalesce((progress ->> 'left')::bigint, 0) + $3::bigint)
WHERE task_id = $1 AND unit = $2
"""
# includes the records of earlier held runs, so that repeated requests cannot exceed the limit
_SQL_SUM = """
SELECT coalesce(sum((progress ->> 'left')::bigint), 0)::bigint FROM run_unit
WHERE dataset = $2 AND (task_id = $1 OR status = 'held' AND completed_at > coalesce(
  (SELECT max(t.completed_at) FROM task_execution_log t JOIN run_unit u ON u.task_id = t.task_id
   WHERE u.dataset = $2 AND t.task_id <> $1 AND t.status IN ('completed', 'partial')), '-infinity'))
"""
# look-ups for a chunk scan indexes; this one reads the whole dataset
_SQL_PLAN_FREELY = """
SELECT set_config(name, 'on', true) FROM unnest('{enable_seqscan,enable_bitmapscan,enable_hashjoin}'::text[]) AS name
"""
_SQL_CURRENT = f"""
SELECT count(*) FROM {{table}} o
WHERE o.dataset = $1 AND o.row_ordinal = 0 AND {_ACTIVE.format("o")}
  AND NOT EXISTS (SELECT FROM {{table}}_superseded s WHERE s.identifier = o.identifier AND s.{{key}} = o.{{key}}
                  AND s.dataset = o.dataset AND s.data_version = o.data_version)
"""  # noqa: S608


async def check_drops(connection: Connection, context: UnitContext, delivery: DeliveryContext, chunk: Chunk) -> None:
    """Count the records that a chunk removed from the current views, in its transaction, before it commits.

    Raises RunHeldError if the run so far would remove more than DROP_LIMIT of the dataset.
    """
    limit = delivery.drop_limit
    gone = chunk.typed.frame.filter(~pl.col("record_state").fill_null("").str.to_lowercase().is_in(["", "active"]))
    if limit is None or not gone.height:
        return
    target, dataset, run_id = delivery.target, delivery.dataset.name, context.task.task_id
    keys = gone.select(target.key).unique()
    left = await connection.fetchval(
        _fill(_SQL_LEFT, target),
        keys["identifier"].to_list(),
        keys[target.key_column].to_list(),
        dataset,
        delivery.run_id,
    )
    if not left:
        return
    # the streams of one dataset add to one sum
    await take_lock(connection, f"fundata drops:{dataset}")
    await connection.execute(_SQL_ADD, run_id, context.unit.unit, left)
    so_far = int(await connection.fetchval(_SQL_SUM, run_id, dataset))
    if so_far < FEWEST_HELD:
        return
    await connection.execute(_SQL_PLAN_FREELY)
    before = int(await connection.fetchval(_fill(_SQL_CURRENT, target), dataset)) + so_far
    if so_far > limit * before:
        raise RunHeldError(
            f"{dataset}: {so_far} of {before} records ({Decimal(so_far) / before:.2%}) would leave the current views"
            f" because of their RecordState, more than DROP_LIMIT ({limit:.2%}) allows. Committed chunks are kept.",
            next_step="Check the delivery, then approve it: `./sra runs release ID`, or `./sra load DIR --release`.",
        )


def _fill(query: str, target: TargetTable) -> str:
    return query.format(table=target.table, key=target.key_column, key_type=target.key_type)
