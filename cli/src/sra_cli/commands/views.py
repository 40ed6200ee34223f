"""`./sra views`: builds, checks and describes the published views in this process."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.table import Table

from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.ledger_view import plain
from sra_cli.output import EXIT_FAILED, HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.person import name_actor
from sra_cli.settings import read_settings
from sra_cli.tables import format_moment, make_table
from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.settings import ServiceSettings
from view_builder.inprocess import (
    BuildResult,
    ViewVerdict,
    build_in_process,
    check_views,
    list_compiled_views,
)
from view_builder.plan import ViewsPlan, describe_changes, describe_plan, plan_views
from view_builder.reports import ViewReport, describe_views, make_schema
from view_builder.work import BuildParameters

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Views; without names, all that need it.")
]
FullOption = Annotated[bool, typer.Option("--full", help="Compute all rows, not only those affected by new runs.")]
RowsOption = Annotated[
    bool, typer.Option("--rows", help="Compute the rebuilt views, and count the rows that would change.")
]
AcceptOption = Annotated[bool, typer.Option("--accept-drop", help="Accept a build that removes many rows at once.")]


@app.callback()
def list_all(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the views with their current builds."""
    if context.invoked_subcommand is not None:
        return
    output = Output(as_json=as_json)
    with use_database(Home(home)) as dsn:
        reports = asyncio.run(_read_reports(dsn))
    views = [plain(report.model_dump()) for report in reports]
    output.finish({"views": views}, render=lambda: _render_reports(reports))


@app.command("build")
def build(
    context: typer.Context,
    names: NamesArgument = None,
    full: FullOption = False,
    accept_drop: AcceptOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build the views that new runs or changed models affect, or the named views and their dependents.

    Readers see either the old or the new state. A view that depends on a fully rebuilt view is fully rebuilt.
    """
    output = Output(as_json=as_json)
    configure_logs(service="views", level="WARNING" if not as_json else read_settings(ServiceSettings).log_level)
    with use_database(Home(home)) as dsn:
        parameters = BuildParameters(views=names or None, full=full, accept_drop=accept_drop)
        result = asyncio.run(build_in_process(dsn, parameters, timing=context.obj, by=name_actor()))
    for error in result.task.error_details:
        output.print_note(error["message"])
    code = choose_exit_code(result.task.status.value)
    output.finish(_describe_build(result), code=code, render=lambda: _render_build(result))


@app.command("check")
def check(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check every view against its model: columns, types, rows, and whether newer runs are unpublished."""
    output = Output(as_json=as_json)
    with use_database(Home(home)) as dsn:
        verdicts = asyncio.run(_check(dsn))
    failed = any(verdict.problems for verdict in verdicts)
    views = [
        {"view": v.relation, "problems": list(v.problems), "pending_runs": v.pending_runs, "rows": v.row_count}
        for v in verdicts
    ]
    output.finish(
        {"status": "failed" if failed else "completed", "views": views},
        code=EXIT_FAILED if failed else 0,
        render=lambda: _render_verdicts(verdicts),
    )


@app.command("plan")
def plan(rows: RowsOption = False, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what a deployment of this code would do to the published views. Changes nothing.

    Exits with 1 if it would break readers: a column that is gone or has another type, unit or place, or another key.
    """
    output = Output(as_json=as_json)
    with use_database(Home(home)) as dsn:
        found = asyncio.run(_plan(dsn, count_rows=rows))
    for problem in found.problems:
        output.print_note(problem)
    code = EXIT_FAILED if found.problems else 0
    output.finish(describe_plan(found), code=code, render=lambda: _render_plan(found))


@app.command("schema")
def schema(name: Annotated[str, typer.Argument(metavar="NAME", help="A view.")], as_json: JsonOption = False) -> None:
    """Print the JSON Schema of a view's rows. Does not need a database."""
    output = Output(as_json=as_json)
    views = {view.relation: view for view in list_compiled_views()}
    view = views.get(name)
    if view is None:
        raise ConfigError(f"View {name!r} does not exist.", next_step=f"Choose from: {', '.join(views)}.")
    found = make_schema(view)
    if not as_json:
        output.console.print(json.dumps(found, indent=2, ensure_ascii=False), markup=False, soft_wrap=True)
        raise typer.Exit(0)
    output.finish(found)


async def _read_reports(dsn: str) -> list[ViewReport]:
    connection = await open_connection(dsn, application_name="sra:views")
    try:
        await require_revision(connection)
        return await describe_views(connection, list_compiled_views())
    finally:
        await connection.close()


async def _check(dsn: str) -> list[ViewVerdict]:
    connection = await open_connection(dsn, application_name="sra:views", command_timeout=3600)
    try:
        return await check_views(connection)
    finally:
        await connection.close()


async def _plan(dsn: str, *, count_rows: bool) -> ViewsPlan:
    connection = await open_connection(dsn, application_name="sra:views", command_timeout=3600)
    try:
        return await plan_views(connection, list_compiled_views(), count_rows=count_rows)
    finally:
        await connection.close()


def _describe_build(result: BuildResult) -> dict[str, Any]:
    return {
        "status": result.task.status.value,
        "run_id": str(result.task.task_id),
        "views": [
            {
                "view": unit.unit,
                "status": unit.status.value,
                "full": bool(unit.resume.get("full")),
                "rows": unit.counts.read,
                "changed": unit.counts.stored,
                "runs": unit.resume.get("runs", []),
                "error": unit.error,
            }
            for unit in result.units
        ],
    }


def _render_build(result: BuildResult) -> Table:
    rows = [(unit.unit, unit.status, unit.counts.read, unit.counts.stored) for unit in result.units]
    return make_table(f"{result.task.status}: {len(rows)} views", ("view", "status", "#rows", "#changed"), rows)


def _render_plan(found: ViewsPlan) -> Table:
    rows = [
        (view.relation, view.action, view.published_rows, describe_changes(view), "; ".join(view.contract.breaking))
        for view in found.views
        if view.action != "unchanged" or view.contract.breaking
    ]
    title = f"contract version {found.published_version} to {found.wanted_version}: {len(rows)} views change"
    return make_table(title, ("view", "action", "#rows", ">changes", ">breaks"), rows)


def _render_reports(reports: list[ViewReport]) -> Table:
    rows = [
        (report.relation, report.version, report.row_count, format_moment(report.built_at) or "never", report.error)
        for report in reports
    ]
    return make_table("", ("view", "#version", "#rows", "built", ">error"), rows)


def _render_verdicts(verdicts: list[ViewVerdict]) -> Table:
    rows = [(v.relation, "; ".join(v.problems) or "matches its model", v.row_count, v.pending_runs) for v in verdicts]
    return make_table("", ("view", ">found", "#rows", "#pending runs"), rows)
