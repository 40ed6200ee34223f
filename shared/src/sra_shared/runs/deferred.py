"""Work objects that are created for the first run that needs them, because their modules import heavy libraries."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sra_shared.kit.db import Connection
from sra_shared.runs.ending import RunEnd
from sra_shared.runs.execute import UnitContext, Work
from sra_shared.runs.model import ProcessingTask, Unit, UnitPlan


class WorkTraits(NamedTuple):
    """The properties of a work object that must be known before it is created."""

    source: str | None
    ordered: bool
    concurrency: int


def defer_works(make: Callable[[], Mapping[str, Work]], traits: Mapping[str, WorkTraits]) -> dict[str, DeferredWork]:
    """Return a work object for each task type of `traits`; `make` returns the real ones and is called once, in a thread."""
    source = _Source(make)
    return {task_type: DeferredWork(source, task_type, of_type) for task_type, of_type in traits.items()}


class _Source:
    """Creates all work objects of a service at once, since they may share parts."""

    def __init__(self, make: Callable[[], Mapping[str, Work]]) -> None:
        self._make = make
        self._lock = asyncio.Lock()
        self._made: Mapping[str, Work] | None = None

    async def get(self, task_type: str) -> Work:
        async with self._lock:
            if self._made is None:
                # imports can take up to a second and must not delay /health
                self._made = await asyncio.to_thread(self._make)
                # as at the start of the service: loaded objects stay, and collections need not traverse them again
                gc.freeze()
        return self._made[task_type]


class DeferredWork:
    """A placeholder that creates the real work object when a run is planned, processed or concluded, and delegates to it."""

    def __init__(self, source: _Source, task_type: str, traits: WorkTraits) -> None:
        self._source = source
        self._task_type = task_type
        self.source = traits.source
        self.ordered = traits.ordered
        self.concurrency = traits.concurrency

    async def load(self) -> Work:
        """Return the real work object, creating it if needed; raises TypeError if it does not match its declared traits."""
        work = await self._source.get(self._task_type)
        real = WorkTraits(work.source, work.ordered, work.concurrency)
        if real != (self.source, self.ordered, self.concurrency):
            raise TypeError(f"the work of {self._task_type} is {real}, which differs from its declaration")
        return work

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the units of the run."""
        return await (await self.load()).plan(context)

    async def process(self, context: UnitContext) -> None:
        """Do one unit."""
        await (await self.load()).process(context)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Determine the run's outcome."""
        return await (await self.load()).conclude(connection, task, units)
