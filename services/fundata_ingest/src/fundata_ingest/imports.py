"""What a run of type `csv_import` does when it is asked for over HTTP: the seed tree, or rejects tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sra_shared.db import Connection
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan, Work

_MOST_IDS = 1000


class ImportRequest(BaseModel):
    """An import takes the folder that the settings name; with `replay` it tries rejected records again instead."""

    model_config = ConfigDict(extra="forbid")

    replay: str | None = Field(
        None, max_length=100, description="Dataset of the rejects; empty for all or those named."
    )
    reject_ids: list[int] | None = Field(None, max_length=_MOST_IDS, description="Only these rejects.")
    released: bool | None = Field(None, description="Whether what would shrink past DROP_LIMIT is let through.")
    datasets: list[str] | None = Field(
        None, max_length=100, description="What a held run held; the run looks at every file anyhow."
    )

    @model_validator(mode="after")
    def check_pair(self) -> Self:
        if self.reject_ids is not None and self.replay is None:
            raise ValueError("reject_ids belong to replay: give it too, empty for every dataset")
        return self


@dataclass(frozen=True)
class ImportWork:
    """Hands each run on to the work that it is for."""

    seed: Work
    replay: Work
    source: str = "fundata"
    ordered: bool = False

    @property
    def concurrency(self) -> int:
        """Parts at once; a replay has only one."""
        return self.seed.concurrency

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the parts of the run."""
        return await self._choose(context.task).plan(context)

    async def process(self, context: UnitContext) -> None:
        """Do one part."""
        await self._choose(context.task).process(context)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Judge the whole."""
        return await self._choose(task).conclude(connection, task, units)

    def _choose(self, task: ProcessingTask) -> Work:
        return self.replay if "replay" in task.parameters else self.seed
