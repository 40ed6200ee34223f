"""The routes of runs: request, list, show, cancel."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from sra_shared.runs import (
    ProcessingTask,
    RunProgress,
    RunRequest,
    RunStatus,
    TaskType,
    Unit,
    UnitStatus,
    list_runs,
    read_run,
    read_units,
    request_cancel,
    summarise_progress,
)
from sra_shared.runs.model import sum_datasets
from sra_shared.service.actors import ActorOf
from sra_shared.service.problems import ProblemError
from sra_shared.service.state import ServiceState, get_state

State = Annotated[ServiceState, Depends(get_state)]
TaskId = Annotated[UUID, Path(description="The run's id.")]


def _require_number(value: object) -> object:
    if isinstance(value, str | bool):
        raise ValueError("must be a number")
    return value


def _require_text(value: object) -> object:
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("must be a time as text, such as 2026-01-31T06:00:00Z")
    return value


# on its own, the model would accept "3" and true as numbers, and 0 as a time
_Number = Annotated[int, BeforeValidator(_require_number)]
_Time = Annotated[AwareDatetime | None, BeforeValidator(_require_text)]


class RunBody(BaseModel):
    """What to run. `parameters` depend on the task type; the same live work is never started twice."""

    model_config = ConfigDict(extra="forbid")

    task_type: TaskType
    parameters: dict[str, Any] = Field(default_factory=dict, description="Parameters of the task type.")
    priority: _Number = Field(3, ge=1, le=5, description="1 is the highest.")
    max_retries: _Number = Field(3, ge=0, le=10)
    timeout_seconds: _Number = Field(3600, ge=60, le=14_400, description="Per attempt, which then resumes.")
    scheduled_at: _Time = Field(None, description="Not before this time.")
    parent_id: UUID | None = Field(None, description="The run that this one belongs to.")

    @field_validator("parameters")
    @classmethod
    def check_storable(cls, value: dict[str, Any]) -> dict[str, Any]:
        _check_json(value)
        return value


class RunAccepted(ProcessingTask):
    """The run that a request started or joined."""

    created: bool = Field(description="False if this work was in progress, or the idempotency key was known.")


class DatasetCounts(BaseModel):
    """Source records of one dataset: read = stored + unchanged + duplicate + rejected."""

    dataset: str
    read: int
    stored: int
    unchanged: int
    duplicate: int
    rejected: int
    rejected_by: dict[str, int]
    warnings_by: dict[str, int]


class UnitReport(DatasetCounts):
    """One part of a run."""

    unit: str
    status: UnitStatus
    attempt: int
    error: str | None
    progress: dict[str, Any] = Field(
        description="Progress as the work reports it; for a file: file, bytes_done, bytes_total, rows, rows_per_second,"
        " bytes_per_second, eta_seconds, over all of its streams."
    )


class RunReport(ProcessingTask):
    """A run with its progress."""

    units_total: int
    units_done: int
    progress: RunProgress | None = Field(description="Over all files of the run; null if it reads none.")
    datasets: list[DatasetCounts]
    units: list[UnitReport]


class RunPage(BaseModel):
    """One page of runs, newest first."""

    runs: list[ProcessingTask]
    next_offset: int | None = Field(description="Where the next page starts; null on the last one.")


def _check_json(value: Any) -> None:
    """Raise ValueError for what PostgreSQL's jsonb or our hashes cannot hold."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("a text contains a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a text contains a lone surrogate") from None
    elif isinstance(value, float) and value - value != 0:
        raise ValueError("a number is infinite or NaN")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_json(key)
            _check_json(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_json(inner)


def describe_run(task: ProcessingTask, units: list[Unit]) -> RunReport:
    """Return the run with its progress."""
    return RunReport(
        **task.model_dump(),
        units_total=len(units),
        units_done=sum(not unit.status.is_live for unit in units),
        progress=summarise_progress(units),
        datasets=[DatasetCounts(dataset=name, **counts.as_dict()) for name, counts in sum_datasets(units).items()],
        units=[
            UnitReport(
                unit=unit.unit,
                dataset=unit.dataset,
                status=unit.status,
                attempt=unit.attempt,
                error=unit.error,
                progress=unit.progress,
                **unit.counts.as_dict(),
            )
            for unit in units
        ],
    )


@cache
def make_run_router() -> APIRouter:
    """Return the routes, which all services of a process share."""
    router = APIRouter(tags=["runs"])
    _add_request(router)
    _add_reports(router)
    return router


def _add_request(router: APIRouter) -> None:
    @router.post(
        "/runs",
        status_code=202,
        summary="Request a run",
        responses={
            202: {"headers": {"Location": {"description": "Address of the run.", "schema": {"type": "string"}}}},
        },
    )
    async def post_run(
        body: RunBody,
        request: Request,
        response: Response,
        state: State,
        actor: ActorOf,
        idempotency_key: Annotated[
            str | None,
            Header(
                pattern=r"^[\x21-\x7e]{1,200}$",
                description="The same key and body return the same run; another body is a conflict (409).",
            ),
        ] = None,
    ) -> RunAccepted:
        if body.task_type not in state.definition.works:
            offered = ", ".join(sorted(state.definition.works)) or "none"
            raise ProblemError(422, f"This service does not run {body.task_type}.", next_step=f"It offers: {offered}.")
        parameters = check_parameters(state.definition.parameter_models.get(body.task_type), body.parameters)
        run_request = RunRequest(**{**body.model_dump(), "parameters": parameters})
        try:
            requested = await state.request_run(run_request, idempotency_key=idempotency_key, by=actor)
        except asyncpg.ForeignKeyViolationError as error:
            raise ProblemError(
                409, f"The parent run {body.parent_id} does not exist.", next_step="Correct parent_id."
            ) from error
        response.headers["Location"] = f"/runs/{requested.task.task_id}"
        request.state.run_id = requested.task.task_id
        return RunAccepted(**requested.task.model_dump(), created=requested.created)


def _add_reports(router: APIRouter) -> None:
    @router.get("/runs", summary="List runs, newest first")
    async def get_runs(
        state: State,
        task_type: Annotated[list[TaskType] | None, Query(description="Only these task types.")] = None,
        status: Annotated[list[RunStatus] | None, Query(description="Only those with this status.")] = None,
        parent_id: Annotated[UUID | None, Query(description="Only those that belong to this run.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> RunPage:
        own = state.definition
        kinds = task_type if task_type or own.lists_all_runs else [TaskType(name) for name in own.works]
        async with state.pool.acquire() as connection:
            found = await list_runs(
                connection,
                task_types=kinds or None,
                statuses=status or None,
                parent_id=parent_id,
                limit=limit + 1,
                offset=offset,
            )
        return RunPage(runs=found[:limit], next_offset=offset + limit if len(found) > limit else None)

    @router.get("/runs/{task_id}", summary="Show one run", responses={404: {}})
    async def get_run(task_id: TaskId, state: State) -> RunReport:
        async with state.pool.acquire() as connection:
            task = await read_run(connection, task_id)
            units = await read_units(connection, task_id)
        return describe_run(_require(task, task_id), units)

    @router.post("/runs/{task_id}/cancel", status_code=202, summary="Cancel a run", responses={404: {}})
    async def cancel_run(task_id: TaskId, state: State, actor: ActorOf) -> ProcessingTask:
        """A finished run is unchanged; the committed work of a running one is kept."""
        async with state.pool.acquire() as connection, connection.transaction():
            task = await request_cancel(connection, task_id, timing=state.definition.timing, by=actor)
        return _require(task, task_id)


def check_parameters(model: type[BaseModel] | None, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters validated by their model, without unset ones; raises ProblemError 422."""
    if model is None:
        return parameters
    try:
        return model.model_validate(parameters).model_dump(mode="json", exclude_unset=True, by_alias=True)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(p) for p in item['loc'])}: {item['msg']}" for item in error.errors())
        raise ProblemError(422, f"The parameters are not valid: {wrong}.", next_step="Correct them.") from error


def _require(task: ProcessingTask | None, task_id: UUID) -> ProcessingTask:
    if task is None:
        raise ProblemError(404, f"Run {task_id} does not exist.", next_step="List the runs: GET /runs.")
    return task
