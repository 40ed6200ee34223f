"""The interfaces of the five roles in the system, independent of vendor and store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Protocol, TypeVar

from sra_shared.kit.db import Connection, Pool
from sra_shared.runs.counts import Counts

AnswerT_co = TypeVar("AnswerT_co", covariant=True)
DeliveryT_contra = TypeVar("DeliveryT_contra", contravariant=True)
HeadT_contra = TypeVar("HeadT_contra", contravariant=True)
PositionT_contra = TypeVar("PositionT_contra", contravariant=True)
BatchT_co = TypeVar("BatchT_co", covariant=True)
FiredT_co = TypeVar("FiredT_co", covariant=True)


class DataFetcher(Protocol[AnswerT_co]):
    """Calls a vendor: throttles, retries and classifies; the only part that knows the key."""

    async def get(
        self, path: str, params: Mapping[str, str], *, subject: str = "", is_bulk: bool = False
    ) -> AnswerT_co:
        """Return a successful response; raises the vendor's own error if there is none."""


class DataRepository(Protocol[DeliveryT_contra]):
    """Stores deliveries of one dataset, idempotently, in the caller's transaction."""

    async def stage(self, connection: Connection, delivery: DeliveryT_contra) -> Counts:
        """Put the rows into staging; the counts do not include stored and unchanged yet."""

    async def merge(self, connection: Connection, delivery: DeliveryT_contra, staged: Counts) -> Counts:
        """Merge the staged rows, store the rejects, and return the full counts."""


class CSVProcessor(Protocol[HeadT_contra, PositionT_contra, BatchT_co]):
    """Reads a CSV file as a stream of record batches, in constant memory."""

    def __call__(
        self, stream: BinaryIO, head: HeadT_contra, *, start: PositionT_contra | None = None, batch_rows: int = ...
    ) -> Iterator[BatchT_co]:
        """Yield the records from `start`, or from the first one; batches include bad rows with their reasons."""


class TaskScheduler(Protocol[FiredT_co]):
    """Starts the work of every slot of a schedule exactly once."""

    async def fire_due(self, pool: Pool, *, now: datetime | None = None) -> FiredT_co | None:
        """Claim the due slots and start their work; None if none is due."""

    async def set_paused(self, connection: Connection, *, paused: bool) -> bool:
        """Pause or resume all schedules, and return whether that changed any."""

    def describe(self, now: datetime) -> Sequence[Mapping[str, Any]]:
        """Return each schedule with its next slots."""


class CacheManager(Protocol):
    """Stores responses of slow-changing endpoints, so that they are not requested again."""

    async def get(self, key: str) -> str | None:
        """Return the unexpired body that is stored under a key."""

    async def put(self, key: str, body: str, *, lifetime: timedelta) -> None:
        """Store a body for `lifetime`."""

    async def prune(self) -> int:
        """Delete expired bodies; return their number."""
