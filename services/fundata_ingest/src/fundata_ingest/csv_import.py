"""The work of a `csv_import` run requested over HTTP: loading the seed tree, or replaying rejects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from sra_shared.kit.db import Connection
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan, Work
from sra_shared.runs.rejects import ReplayParameters


class ImportRequest(ReplayParameters):
    """An import loads the folder that the settings name; with `replay`, it replays rejected records instead."""

    released: bool | None = Field(None, description="Whether to accept a delivery that exceeds DROP_LIMIT.")
    datasets: list[str] | None = Field(
        None, max_length=100, description="The datasets that a held run names; every file is inspected anyway."
    )


@dataclass(frozen=True)
class ImportWork:
    """Dispatches each run to its work."""

    seed: Work
    replay: Work
    source: str = "fundata"
    ordered: bool = False

    @property
    def concurrency(self) -> int:
        """The number of parts at once; a replay has only one."""
        return self.seed.concurrency

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the parts of the run."""
        return await self._choose(context.task).plan(context)

    async def process(self, context: UnitContext) -> None:
        """Process one part."""
        await self._choose(context.task).process(context)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Decide the status of the whole run."""
        return await self._choose(task).conclude(connection, task, units)

    def _choose(self, task: ProcessingTask) -> Work:
        return self.replay if "replay" in task.parameters else self.seed
