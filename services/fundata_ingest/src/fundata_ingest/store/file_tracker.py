"""The ledger of files: which are loaded, and the resume point of each stream of a file that is being loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from fundata_ingest.formats.batches import Position
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import RetryableError
from sra_shared.runs.counts import Counts
from sra_shared.runs.model import read_counts
from sra_shared.runs.reject_state import REJECT_IS_OPEN

SQL_TRACK = """
INSERT INTO file_processing_tracker AS t
  (file_path, file_hash, dataset, file_size_bytes, status, streams, error, run_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (file_path, file_hash) DO UPDATE SET
  last_processed_at = now(), run_id = excluded.run_id, error = excluded.error, dataset = excluded.dataset,
  processing_count = t.processing_count + (t.run_id IS DISTINCT FROM excluded.run_id)::int,
  status = CASE WHEN t.status = 'completed' THEN t.status ELSE excluded.status END
RETURNING file_id, streams
"""
SQL_SAVE_STREAM = """
UPDATE file_stream SET
  resume_offset = $4, resume_line = $5, done = $6, updated_at = now(),
  read_count = read_count + $7, stored_count = stored_count + $8, unchanged_count = unchanged_count + $9,
  duplicate_count = duplicate_count + $10, rejected_count = rejected_count + $11, rejected_by = $12, warnings_by = $13,
  newest_change = greatest(newest_change, $14)
WHERE file_id = $1 AND stream = $2 AND resume_offset = $3 AND NOT done
RETURNING file_id
"""
SQL_FINISH_FILE = """
UPDATE file_processing_tracker SET status = 'completed', last_processed_at = now(), error = NULL,
  records_count = (SELECT sum(read_count) FROM file_stream WHERE file_id = $1)
WHERE file_id = $1 AND NOT EXISTS (SELECT FROM file_stream WHERE file_id = $1 AND NOT done)
"""

# a file of a run that failed as a whole is not loaded: the next run checks its counts again
SQL_SETTLE = """
UPDATE file_processing_tracker t SET status = CASE WHEN $2::text IS NULL THEN 'completed' ELSE 'failed' END, error = $2
WHERE t.file_id = ANY($1::bigint[]) AND NOT EXISTS (SELECT FROM file_stream s WHERE s.file_id = t.file_id AND NOT s.done)
"""
SQL_FIND_FINISHED = """
SELECT t.file_id, t.file_size_bytes, t.status, t.error FROM file_processing_tracker t
WHERE t.dataset = $1 AND t.file_hash = $2
  AND (t.status = 'completed'
       OR t.status = 'failed' AND EXISTS (SELECT FROM file_stream s WHERE s.file_id = t.file_id)
          AND NOT EXISTS (SELECT FROM file_stream s WHERE s.file_id = t.file_id AND NOT s.done))
ORDER BY t.status LIMIT 1
"""
SQL_LIST_UNLOADED = """
SELECT path FROM unnest($1::text[]) AS path
WHERE NOT EXISTS (SELECT FROM file_processing_tracker t
                  WHERE t.file_path = path AND t.status IN ('completed', 'skipped'))
"""
# by the file that last delivered them: a corrected row that a later file delivers again is settled there too
SQL_COUNT_SETTLED = compose(
    """
SELECT count(*) FROM rejected_record r
JOIN file_processing_tracker t ON r.delivery = t.file_path || ' ' || t.file_hash
WHERE t.file_id = ANY($1::bigint[]) AND NOT ({reject_is_open})
""",
    reject_is_open=REJECT_IS_OPEN,
)


@dataclass(frozen=True)
class StreamState:
    """The progress of one stream of a file over all runs that worked on it, and the rules that select its share."""

    offset: int
    line: int
    done: bool
    counts: Counts
    split_rules: int

    @property
    def position(self) -> Position | None:
        """The resume point; None at the beginning."""
        return Position(self.offset, self.line) if self.offset else None


@dataclass(frozen=True)
class FinishedFile:
    """A file that was read to its end: loaded, or part of a run that failed by REJECT_LIMIT, with the run's `error`."""

    file_id: int
    size: int | None
    is_loaded: bool
    error: str | None


async def find_finished(connection: Connection, dataset: str, file_hash: str) -> FinishedFile | None:
    """Return the file of this dataset with this content (SHA-256 in hex) that was read to its end, or None."""
    row = await connection.fetchrow(SQL_FIND_FINISHED, dataset, file_hash)
    if row is None:
        return None
    is_loaded = row["status"] == "completed"
    return FinishedFile(row["file_id"], row["file_size_bytes"], is_loaded, None if is_loaded else row["error"])


async def list_unloaded(connection: Connection, paths: Sequence[str]) -> frozenset[str]:
    """Return which of these paths the ledger holds neither as loaded nor as another name of loaded content."""
    rows = await connection.fetch(SQL_LIST_UNLOADED, list(paths))
    return frozenset(row["path"] for row in rows)


async def track_file(
    connection: Connection,
    *,
    path: str,
    file_hash: str,
    dataset: str | None,
    size: int | None,
    status: str,
    run_id: UUID,
    streams: int = 1,
    error: str | None = None,
) -> tuple[int, int]:
    """Record a file; return its number and its number of streams, which stays as first chosen."""
    row = await connection.fetchrow(SQL_TRACK, path, file_hash, dataset, size, status, streams, error, run_id)
    if row is None:
        raise RetryableError(f"{path} was not recorded in the ledger.", next_step="It is retried.")
    if status == "processing":
        await connection.executemany(
            "INSERT INTO file_stream (file_id, stream) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [(row["file_id"], stream) for stream in range(row["streams"])],
        )
    return row["file_id"], row["streams"]


async def read_stream(connection: Connection, file_id: int, stream: int) -> StreamState:
    """Return the state of a stream; raises RetryableError if the ledger does not have it."""
    row = await connection.fetchrow("SELECT * FROM file_stream WHERE file_id = $1 AND stream = $2", file_id, stream)
    if row is None:
        raise RetryableError(
            f"Stream {stream} of file {file_id} is not in the ledger.", next_step="Load the file again."
        )
    return StreamState(row["resume_offset"], row["resume_line"], row["done"], read_counts(row), row["split_rules"])


async def save_stream(
    connection: Connection,
    file_id: int,
    stream: int,
    before: StreamState,
    delta: Counts,
    end: Position,
    *,
    done: bool,
    newest_change: date | None = None,
) -> StreamState:
    """Advance a stream's resume point and counts, in the transaction that stores the chunk; return its new state.

    `newest_change` is the greatest ChangeDate of the chunk. Raises RetryableError if another run moved the resume point
    meanwhile: this excludes two loads of one file.
    """
    total = before.counts + delta
    row = await connection.fetchrow(
        SQL_SAVE_STREAM,
        file_id,
        stream,
        before.offset,
        end.offset,
        end.line,
        done,
        delta.read,
        delta.stored,
        delta.unchanged,
        delta.duplicate,
        delta.rejected,
        dict(total.rejected_by),
        dict(total.warnings_by),
        newest_change,
    )
    if row is None:
        raise RetryableError(
            f"Another run advanced stream {stream} of file {file_id}.",
            next_step="This run reads the resume point again.",
        )
    if done:
        # the lock lets the last two streams see one another
        await connection.execute("SELECT FROM file_processing_tracker WHERE file_id = $1 FOR UPDATE", file_id)
        await connection.execute(SQL_FINISH_FILE, file_id)
    return replace(before, offset=end.offset, line=end.line, done=done, counts=total)


async def list_file_runs(connection: Connection, file_id: int) -> list[UUID]:
    """Return the runs that worked on a file, which distinguish its own rows from those of other deliveries."""
    rows = await connection.fetch(
        "SELECT DISTINCT task_id FROM run_unit WHERE detail ->> 'file_id' = $1::text", str(file_id)
    )
    return [row["task_id"] for row in rows]


async def sum_streams(connection: Connection, file_ids: Sequence[int]) -> dict[int, Counts]:
    """Return the counts of files over all their streams and runs."""
    rows = await connection.fetch("SELECT * FROM file_stream WHERE file_id = ANY($1::bigint[])", list(file_ids))
    totals: dict[int, Counts] = {}
    for row in rows:
        totals[row["file_id"]] = totals.get(row["file_id"], Counts()) + read_counts(row)
    return totals


async def settle_files(connection: Connection, file_ids: Sequence[int], error: str | None) -> None:
    """Mark files read to their end as loaded or, with `error`, as files of a failed run."""
    await connection.execute(SQL_SETTLE, list(file_ids), error)


async def count_settled(connection: Connection, file_ids: Sequence[int]) -> int:
    """Return how many rejected records of these files were resolved by a replay or dismissed by a person."""
    return int(await connection.fetchval(SQL_COUNT_SETTLED, list(file_ids)))
