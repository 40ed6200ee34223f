"""The step that waits until the views include everything this refresh delivered, and starts a build if none will."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from gateway.refresh.model import Child, StepState, StepStatus
from gateway.refresh.service_client import SeenRun
from gateway.refresh.steps import StepRun
from sra_shared.kit.db import Connection
from sra_shared.runs import TaskType, UnitContext, read_units

SQL_DELIVERY = """
SELECT count(*) AS total,
       count(*) FILTER (WHERE i.event_id IS NULL) AS undelivered,
       count(*) FILTER (WHERE i.event_id IS NOT NULL AND i.handled_at IS NULL) AS unhandled,
       (array_agg(t.task_id ORDER BY t.started_at DESC) FILTER (WHERE t.task_id IS NOT NULL))[1] AS last_build,
       EXISTS (SELECT FROM task_execution_log
               WHERE task_type = 'view_build' AND status IN ('queued', 'running', 'parked')) AS building,
       (SELECT b.task_id FROM task_execution_log b
        WHERE b.task_type = 'view_build' AND b.status IN ('failed', 'cancelled') AND b.started_at >= max(i.received_at)
        ORDER BY b.completed_at DESC LIMIT 1) AS failed_build
FROM completion_outbox o
LEFT JOIN completion_inbox i ON i.event_id = o.event_id
LEFT JOIN task_execution_log t ON t.task_id = i.build_id
WHERE o.run_id = ANY($1::uuid[])
"""


@dataclass(frozen=True)
class CompletionProgress:
    """How many completions of some runs were received, and how many were included by builds.

    A build also repeats what failed in an earlier one, so `last_build` is decisive. `failed_build` started after all
    completions were received, so it would have included them.
    """

    total: int
    undelivered: int
    unhandled: int
    last_build: UUID | None
    building: bool
    failed_build: UUID | None

    @property
    def is_covered(self) -> bool:
        """Whether there were completions and builds included all of them."""
        return self.total > 0 and not self.undelivered and not self.unhandled


async def read_completion_progress(connection: Connection, run_ids: Sequence[UUID]) -> CompletionProgress:
    """Return how far the completions of these runs have been processed."""
    rows = await connection.fetch(SQL_DELIVERY, list(run_ids))
    return CompletionProgress(**dict(rows[0]))


async def list_child_runs(connection: Connection, context: UnitContext) -> list[UUID]:
    """Return the runs that the earlier steps started or joined, including those of failed attempts."""
    found: list[UUID] = []
    for unit in await read_units(connection, context.task.task_id):
        if unit.unit != context.unit.unit:
            for child in StepState.model_validate(unit.resume or {}).children:
                found += [*child.earlier, *([child.task_id] if child.task_id else [])]
    return found


class ViewsStep(StepRun):
    """Waits for the build that includes every completion of this refresh; the second attempt starts a build itself."""

    async def publish(self) -> None:
        """Do the whole step."""
        while True:
            await self._cover()
            if not await self.prepare_retry():
                break
        await self.finish()

    async def _cover(self) -> None:
        delivery = await self._await_delivery() if self.state.attempt == 1 else await self._read_delivery()
        if self.state.attempt == 1:
            build = delivery.last_build if delivery.is_covered else delivery.failed_build
            if build is not None and build not in {child.task_id for child in self.state.children}:
                self.state.children.append(Child(task_type=TaskType.VIEW_BUILD, task_id=build))
        if not self.state.children:
            self.state.children.append(Child(task_type=TaskType.VIEW_BUILD))
        for child in self.state.children:
            if not child.ended:
                await self.run_child(child)
        if not delivery.is_covered:
            self._record_missing(await self._read_delivery())

    async def _await_delivery(self) -> CompletionProgress:
        """Wait while completions are in transit or a build is processing them; without progress, the wait ends."""
        since = time.monotonic()
        while True:
            delivery = await self._read_delivery()
            waiting = delivery.undelivered or (delivery.unhandled and delivery.failed_build is None)
            if not waiting or (not delivery.building and time.monotonic() - since > self.pace.patience):
                return delivery
            if delivery.building:
                since = time.monotonic()
            await self.pause(self.pace.poll)

    async def _read_delivery(self) -> CompletionProgress:
        async with self.context.pool.acquire() as connection:
            return await read_completion_progress(connection, await list_child_runs(connection, self.context))

    def _record_missing(self, delivery: CompletionProgress) -> None:
        missing = delivery.undelivered + delivery.unhandled
        last = self.state.children[-1]
        if missing and last.status is StepStatus.COMPLETED:
            last.status = StepStatus.PARTIAL
            last.error = (
                f"view_builder has not processed {missing} of the {delivery.total} completions of this refresh."
            )

    def _record(self, child: Child, seen: SeenRun) -> None:
        super()._record(child, seen)
        # a build counts views, not source records, so the step has no counts
        child.done = {}
