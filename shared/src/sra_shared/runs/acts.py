"""The audit's act for a requested run."""

from __future__ import annotations

from uuid import UUID

from sra_shared.runs.audit import Act, Action, SubjectKind
from sra_shared.runs.model import RunRequest, TaskType


def describe_request(request: RunRequest, task_id: UUID) -> Act:
    """Return the act of the person or program that requested this run."""
    parameters = request.parameters
    if request.task_type is TaskType.UNIFIED_REFRESH:
        details = {name: parameters[name] for name in ("sources", "weekly", "from") if parameters.get(name)}
        return Act(Action.TRIGGER, SubjectKind.REFRESH, [task_id], details)
    details = {"task_type": request.task_type.value}
    if "replay" in parameters:
        rejects = parameters.get("corrections", parameters.get("reject_ids")) or ()
        details |= {"dataset": parameters["replay"]} if parameters["replay"] else {}
        return Act(Action.REPLAY, SubjectKind.REJECT, [task_id, *rejects], details)
    if parameters.get("released"):
        held = [] if request.parent_id is None else [request.parent_id]
        return Act(Action.RELEASE, SubjectKind.RUN, [*held, task_id], details)
    return Act(Action.START, SubjectKind.RUN, [task_id], details)
