"""Loads one stream of one file, chunk by chunk, from its resume point."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from fundata_ingest.catalogue import Catalogue
from fundata_ingest.formats.batches import FileHead, Position
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.seed.manifest import compute_sha256
from fundata_ingest.store.chunk_loader import CHUNK_ROWS, ChunkLoader, FileStream
from fundata_ingest.store.chunks import DeliveryContext
from fundata_ingest.store.file_tracker import list_file_runs, read_stream
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.runs import UnitContext


@dataclass(frozen=True)
class FileJob:
    """The job of a seed run's unit, as its `detail` keeps it: one stream of one file, as planned."""

    file: str
    location: str
    size: int
    modified_ns: int
    sha256: str
    file_id: int
    stream: int
    streams: int
    columns: list[str]
    start_offset: int
    start_line: int
    today: str

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Self:
        """Read a unit's detail; a run planned by an older or newer release may have more fields."""
        return cls(**{name: detail[name] for name in (one.name for one in fields(cls)) if name in detail})

    @property
    def detail(self) -> dict[str, Any]:
        """The form that the ledger keeps."""
        return asdict(self)

    @property
    def unit(self) -> str:
        """The name of the unit in its run."""
        return self.file if self.streams == 1 else f"{self.file} [{self.stream + 1}/{self.streams}]"

    def head(self, catalogue: Catalogue, dataset: str) -> FileHead:
        """Return the plan's verdict on the file."""
        start = Position(self.start_offset, self.start_line)
        return FileHead(catalogue.find_dataset(dataset), tuple(self.columns), start)


async def load_stream(
    context: UnitContext,
    catalogue: Catalogue,
    find_file: Callable[[FileJob], Awaitable[Path]],
    *,
    batch_rows: int = CHUNK_ROWS,
    drop_limit: Decimal | None = None,
) -> None:
    """Process a unit of a seed run from its last committed chunk to the end of the file, which `find_file` provides.

    Raises FatalError if the file differs from the planned one, RetryableError if another run works on it, RunHeldError if too
    many records would leave the current views.
    """
    job = FileJob.from_detail(context.unit.detail)
    head = job.head(catalogue, context.unit.dataset)
    async with context.pool.acquire() as connection:
        state = await read_stream(connection, job.file_id, job.stream)
        runs = await list_file_runs(connection, job.file_id)
    if state.done:
        return
    location = await find_file(job)
    await asyncio.to_thread(_check_file, job, location)
    delivery = DeliveryContext(
        dataset=head.dataset,
        run_id=context.task.task_id,
        data_source="CSV",
        source_file=job.file,
        file_hash=job.sha256,
        today=date.fromisoformat(job.today),
        delivered_at=context.task.started_at,
        file_runs=runs,
        drop_limit=drop_limit,
    )
    file = FileStream(job.file_id, job.file, job.size, job.stream, job.streams, start_line=job.start_line)
    opened = await asyncio.to_thread(location.open, "rb")
    with opened as stream:
        await ChunkLoader(context, delivery, file).load(
            state, lambda start: read_batches(stream, head, start=start, batch_rows=batch_rows)
        )


def _check_file(job: FileJob, path: Path) -> None:
    """Raise if the file is not the one that the plan hashed; a copy with other times but the same bytes is accepted."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise FatalError(
            f"{job.file} was deleted after the load started.", next_step="Put it back and load again."
        ) from None
    except OSError as error:
        raise RetryableError(f"{job.file} cannot be read: {error.strerror}.", next_step="It is retried.") from error
    if (found.st_size, found.st_mtime_ns) == (job.size, job.modified_ns):
        return
    if found.st_size != job.size or compute_sha256(path) != job.sha256:
        raise FatalError(
            f"{job.file} was changed after the load started.", next_step="Committed chunks are kept; load again."
        )
