"""The cursor of a dataset: the day up to which all its changes are stored, from which the next update reaches back."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from fundata_ingest.catalogue import FundataDataset
from fundata_ingest.store.target_tables import find_target_table
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError
from sra_shared.kit.logs import get_logger

log = get_logger(__name__)

_SQL_CURSOR = "SELECT changed_until FROM fundata_cursor WHERE dataset = $1 AND language = $2"
# as recorded by the seed files' streams; files loaded before it was recorded are scanned once
_SQL_SEEDED = """
SELECT max(s.newest_change) AS newest, bool_or(s.newest_change IS NULL AND s.read_count > s.rejected_count) AS is_unknown
FROM file_processing_tracker t JOIN file_stream s USING (file_id)
WHERE t.dataset = $1 AND t.file_path NOT LIKE 'api/%'
"""
_SQL_SCAN = """
SELECT max(change_date) FROM {table} WHERE dataset = $1 AND data_source = 'CSV' AND change_date <= current_date
"""
_SQL_MOVE = """
INSERT INTO fundata_cursor AS c (dataset, language, changed_until, run_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (dataset, language) DO UPDATE SET changed_until = greatest(c.changed_until, excluded.changed_until),
  run_id = excluded.run_id, updated_at = now()
"""


async def read_cursor(connection: Connection, dataset: FundataDataset, language: str) -> date | None:
    """Return the day up to which all changes are stored: of the last success, or initially the greatest ChangeDate of the seed.

    A ChangeDate in the future is ignored. Return None if there is neither.
    """
    cursor: date | None = await connection.fetchval(_SQL_CURSOR, dataset.name, language)
    return await _read_seeded(connection, dataset) if cursor is None else cursor


async def find_cursor(connection: Connection, dataset: FundataDataset, language: str) -> date:
    """Like `read_cursor`; raises FatalError if there is no such day."""
    cursor = await read_cursor(connection, dataset, language)
    if cursor is None:
        raise FatalError(
            f"{dataset.name} was never seeded, so the first day of its updates is unknown.",
            next_step="Load the seed files first, or set a first day: `./sra refresh --source fundata --from DATE`.",
        )
    return cursor


async def _read_seeded(connection: Connection, dataset: FundataDataset) -> date | None:
    row = await connection.fetchrow(_SQL_SEEDED, dataset.name)
    newest: date | None = row["newest"] if row is not None else None
    if row is None or not row["is_unknown"]:
        return newest
    scanned: date | None = await connection.fetchval(
        _SQL_SCAN.format(table=find_target_table(dataset).table), dataset.name
    )
    return max((day for day in (newest, scanned) if day is not None), default=None)


async def move_cursor(
    connection: Connection, dataset: FundataDataset, language: str, *, from_date: date, until: date, run_id: UUID
) -> None:
    """Record that all changes from one day until another are stored, if nothing is missing before that.

    An export from a later day than the cursor leaves a gap, so the cursor stays; it never moves back.
    """
    known = await read_cursor(connection, dataset, language)
    if known is not None and from_date > known:
        log.info("cursor_stays", dataset=dataset.name, language=language, cursor=str(known), asked_from=str(from_date))
        return
    await connection.execute(_SQL_MOVE, dataset.name, language, until, run_id)
