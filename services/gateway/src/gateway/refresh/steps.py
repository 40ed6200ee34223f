"""A step that starts runs in an ingest service and follows each to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.refresh.model import Child, RefreshParameters, StepState, StepStatus, add_datasets, read_counts_of
from gateway.refresh.service_client import SeenRun, ServiceClient
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.logs import get_logger
from sra_shared.runs import RunStatus, TaskType, UnitContext
from sra_shared.runs.counts import Counts

log = get_logger(__name__)


@dataclass(frozen=True)
class PollTiming:
    """Seconds between two polls of a run, and until an unresponsive service makes its step fail."""

    poll: float = 1.0
    patience: float = 120.0


class StepRun:
    """One attempt at one step; `state` holds all that a successor needs, and every change is committed."""

    def __init__(self, context: UnitContext, client: ServiceClient, pace: PollTiming) -> None:
        self.context = context
        self.client = client
        self.pace = pace
        self.state = StepState.model_validate(context.unit.resume or {})
        self.parameters = RefreshParameters.model_validate(context.task.parameters)
        self._saved = self.state.model_dump_json()

    async def follow(self, task_types: Sequence[TaskType]) -> None:
        """Do the whole step: start the runs that were not started, follow them, retry failed ones once, finish."""
        if not self.state.children:
            self.state.children = [Child(task_type=task_type) for task_type in task_types]
        while True:
            for child in self.state.children:
                if not child.ended:
                    await self.run_child(child)
            if not await self.prepare_retry():
                break
        await self.finish()

    async def prepare_retry(self) -> bool:
        """Wait until failed runs may be retried, and return whether there are any."""
        state = self.state
        failed = [child for child in state.children if child.status is StepStatus.FAILED and child.retriable]
        if not failed or state.attempt > 1:
            return False
        if state.retry_at is None:
            state.retry_at = datetime.now(UTC) + timedelta(seconds=self.parameters.retry_seconds)
            await self.save()
        while (left := (state.retry_at - datetime.now(UTC)).total_seconds()) > 0:
            await self.pause(left)
        state.attempt, state.retry_at = state.attempt + 1, None
        for child in failed:
            child.restart()
        await self.save()
        return True

    async def run_child(self, child: Child) -> None:
        """Start a run, unless it was started, and follow it until this step need not wait for it."""
        while not child.ended:
            try:
                seen = await self._poll(child)
            except FatalError as error:
                child.status, child.error = StepStatus.FAILED, str(error)
            except RetryableError as error:
                self._record_silence(child, error)
            else:
                self._record(child, seen)
            await self.save()
            if not child.ended:
                await self.pause(self.pace.poll)

    async def _poll(self, child: Child) -> SeenRun:
        if child.task_id is not None:
            return await self.client.read_run(child.task_id)
        context = self.context
        key = f"{context.task.task_id}:{context.unit.unit}:{child.task_type}:{self.state.attempt}"
        parameters = self.parameters.choose_for(child.task_type)
        seen = await self.client.start_run(
            child.task_type, parent_id=context.task.task_id, key=key, parameters=parameters
        )
        child.task_id, child.ours = seen.task_id, seen.parent_id == context.task.task_id
        # The run is recorded before it is followed, so that a successor finds it. Until then the idempotency key
        # returns it.
        await self.save()
        return seen

    def _record(self, child: Child, seen: SeenRun) -> None:
        child.unanswered_since = None
        child.done = {name: {**row, "dataset": name} for name, row in seen.datasets.items()}
        child.error = seen.error
        if seen.details.get("skipped"):
            child.status, child.error = StepStatus.SKIPPED, str(seen.details["skipped"])
        elif seen.status is RunStatus.PARKED:
            until = f" until {seen.resume_at:%Y-%m-%d %H:%M} UTC" if seen.resume_at else ""
            child.status, child.error = (
                StepStatus.PARKED,
                f"Run {seen.task_id} is parked{until}; it resumes automatically.",
            )
        else:
            child.status = StepStatus(seen.status.value)
        if child.status is StepStatus.FAILED and not child.error:
            child.error = f"Run {seen.task_id} of {self.client.name} failed."

    def _record_silence(self, child: Child, error: RetryableError) -> None:
        now = datetime.now(UTC)
        child.unanswered_since = child.unanswered_since or now
        silent = (now - child.unanswered_since).total_seconds()
        child.error = str(error)
        if silent > self.pace.patience:
            child.status = StepStatus.FAILED
            child.error = f"{error.message} It was unresponsive for {silent:.0f} s. {error.next_step}"

    async def pause(self, seconds: float) -> None:
        """Wait, at most a second at a time; stop if the refresh is cancelled or this process ends."""
        self.context.check()
        await asyncio.sleep(min(seconds, 1.0))
        self.context.check()

    async def save(self) -> None:
        """Commit the state, if it changed, under the unit's lease."""
        text = self.state.model_dump_json()
        if text == self._saved:
            return
        async with self.context.transaction() as connection:
            await self.context.commit(
                connection, Counts(), resume=self.state.model_dump(mode="json"), progress=self.state.as_progress()
            )
        self._saved = text

    async def finish(self, status: StepStatus | None = None) -> None:
        """Finish the step with its runs' results; the last step finishes the refresh in the same transaction."""
        status = status or self.state.decide_status()
        total = Counts()
        for row in add_datasets(self.state.datasets):
            total = total + read_counts_of(row)
        progress = {**self.state.as_progress(), "step_status": status.value}
        async with self.context.transaction() as connection:
            await self._write_progress(connection, progress)
            await self.context.finish(
                connection,
                total,
                status=status.unit_status,
                resume=self.state.model_dump(mode="json"),
                error=self.state.describe_errors() if status is not StepStatus.COMPLETED else None,
            )
        log.info("refresh_step_ended", step=self.context.unit.unit, status=status.value)

    async def _write_progress(self, connection: Connection, progress: dict[str, object]) -> None:
        await self.context.commit(connection, Counts(), progress=progress)

    async def cancel_children(self) -> None:
        """Cancel the runs that this refresh started; the refresh monitor retries those that cannot be reached."""
        for child in self.state.children:
            if child.task_id is not None and child.ours and not child.ended:
                try:
                    await self.client.cancel_run(child.task_id)
                except (RetryableError, FatalError) as error:
                    log.warning("child_not_cancelled", child=str(child.task_id), error=str(error))
