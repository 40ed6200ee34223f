"""`./sra runs`: lists runs, shows their units, cancels or releases one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import asyncpg
import typer
import typer.core

from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.ledger_view import RUN_COLUMNS, UNIT_COLUMNS, describe_backfill, describe_unit, summarise_run
from sra_cli.output import HomeOption, JsonOption, Output
from sra_cli.person import name_actor
from sra_cli.tables import make_table
from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.texts import escape_controls
from sra_shared.runs import (
    ProcessingTask,
    RunStatus,
    TaskType,
    list_runs,
    make_release_request,
    read_run,
    read_units,
    request_cancel,
    request_run,
)
from sra_shared.runs.enqueueing import enqueue_run


class RunsGroup(typer.core.TyperGroup):
    """Accepts an id in place of a subcommand: `runs ID` is `runs show ID`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and _IS_RUN_ID.fullmatch(args[0]):
            args = ["show", *args]
        return super().parse_args(ctx, args)


_IS_RUN_ID = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{3,35}")
app = typer.Typer(cls=RunsGroup, invoke_without_command=True, no_args_is_help=False)
Result = TypeVar("Result")
Work = Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[Result]]

RunArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the run, or its first characters.")]
StatusOption = Annotated[list[RunStatus] | None, typer.Option("--status", help="Only this status; can be repeated.")]
TypeOption = Annotated[list[TaskType] | None, typer.Option("--type", help="Only this task type; can be repeated.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Maximum number, newest first.")]


def work_on_database(home: Home, work: Work[Result]) -> Result:
    """Call `work` with a connection to the command's migrated database; return its result."""

    async def open_and_work(dsn: str) -> Result:
        connection = await open_connection(dsn, application_name="sra:cli")
        try:
            await require_revision(connection)
            return await work(connection)
        finally:
            await connection.close()

    with use_database(home) as dsn:
        return asyncio.run(open_and_work(dsn))


@app.callback()
def list_all(
    context: typer.Context,
    status: StatusOption = None,
    task_type: TypeOption = None,
    limit: LimitOption = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, newest first; `runs ID` shows one."""
    if context.invoked_subcommand is not None:
        return
    output = Output(as_json=as_json)
    tasks = work_on_database(
        Home(home), lambda connection: list_runs(connection, task_types=task_type, statuses=status, limit=limit)
    )
    output.finish(
        {"runs": [task.model_dump(mode="json") for task in tasks]},
        render=lambda: make_table("", RUN_COLUMNS, (summarise_run(task) for task in tasks)),
    )


@app.command()
def show(run: RunArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show a run with its units and their counts."""
    output = Output(as_json=as_json)

    async def read(connection: asyncpg.Connection[asyncpg.Record]) -> tuple[ProcessingTask, list[dict[str, Any]]]:
        task = await find_run(connection, run)
        return task, [describe_unit(unit) for unit in await read_units(connection, task.task_id)]

    task, units = work_on_database(Home(home), read)
    names = [column.lstrip("#?") for column in UNIT_COLUMNS]
    if not as_json:
        output.console.print(make_table("", RUN_COLUMNS, [summarise_run(task)]))
        if line := describe_backfill(task):
            output.console.print(line, markup=False)
        for error in task.error_details:
            output.console.print(escape_controls(str(error.get("message", error))), markup=False)
    output.finish(
        {**task.model_dump(mode="json"), "units": units},
        render=lambda: make_table("", UNIT_COLUMNS, ([unit[name] for name in names] for unit in units)),
    )


@app.command()
def cancel(context: typer.Context, run: RunArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Cancel a run. Committed chunks are kept."""
    output = Output(as_json=as_json)

    async def change(connection: asyncpg.Connection[asyncpg.Record]) -> ProcessingTask:
        task = await find_run(connection, run)
        async with connection.transaction():
            return await request_cancel(connection, task.task_id, timing=context.obj, by=name_actor()) or task

    task = work_on_database(Home(home), change)
    output.print_note(
        f"Run {task.task_id} is {task.status}" + (" and was requested to stop." if task.status.is_live else ".")
    )
    output.finish(task.model_dump(mode="json"))


@app.command()
def release(run: RunArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Approve a held run: its held datasets are collected again and stored as delivered."""
    output = Output(as_json=as_json)

    async def change(connection: asyncpg.Connection[asyncpg.Record]) -> tuple[ProcessingTask, ProcessingTask]:
        task = await find_run(connection, run)
        return task, await request_release(connection, task)

    held, released = work_on_database(Home(home), change)
    output.print_note(
        f"Run {released.task_id} collects the held datasets of {held.task_id} as soon as fmp_ingest is running."
    )
    output.finish(released.model_dump(mode="json"))


async def request_release(connection: asyncpg.Connection[asyncpg.Record], task: ProcessingTask) -> ProcessingTask:
    """Queue a run that stores what the held run held back; raises ConfigError if the run is not held."""
    request = make_release_request(task, await read_units(connection, task.task_id))
    async with connection.transaction():
        requested = await request_run(connection, request, source=task.source, enqueue=enqueue_run, by=name_actor())
    return requested.task


async def find_run(connection: asyncpg.Connection[asyncpg.Record], text: str) -> ProcessingTask:
    """Return the run with this id or unique beginning of an id; raises ConfigError if none or several match."""
    rows = await connection.fetch(
        "SELECT task_id FROM task_execution_log WHERE starts_with(task_id::text, lower($1)) LIMIT 2", text.strip()
    )
    if len(rows) != 1 or not text.strip():
        problem = "Several runs start" if len(rows) > 1 else "No run starts"
        raise ConfigError(f"{problem} with {text!r}.", next_step="List them with ./sra runs.")
    found: UUID = rows[0]["task_id"]
    task = await read_run(connection, found)
    if task is None:
        raise ConfigError(f"Run {found} no longer exists.", next_step="List them with ./sra runs.")
    return task
