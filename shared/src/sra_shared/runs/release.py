"""Releasing a held run: a run of the same kind that stores what the held one kept back."""

from __future__ import annotations

from collections.abc import Sequence

from sra_shared.kit.errors import ConfigError
from sra_shared.runs.model import ProcessingTask, RunRequest, RunStatus, Unit, UnitStatus


def make_release_request(task: ProcessingTask, units: Sequence[Unit]) -> RunRequest:
    """Return the request; raises ConfigError if the run is not held."""
    datasets = [unit.dataset for unit in units if unit.status is UnitStatus.HELD]
    if task.status is not RunStatus.HELD or not datasets:
        raise ConfigError(
            f"Run {task.task_id} is {task.status}, not held.", next_step="List them: ./sra runs --status held."
        )
    if "folder" in task.parameters:
        raise ConfigError(
            f"Run {task.task_id} was a load in its own process.",
            next_step=f"Release it: ./sra load {task.parameters['folder']} --release.",
        )
    return RunRequest(
        task_type=task.task_type,
        parameters={**task.parameters, "datasets": datasets, "released": True},
        priority=task.priority,
        max_retries=task.max_retries,
        timeout_seconds=task.timeout_seconds,
        parent_id=task.task_id,
    )
