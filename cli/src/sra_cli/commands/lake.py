"""`./sra lake`: publishes and describes the Iceberg lake in this process."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.lake_snippets import make_snippet
from sra_cli.ledger_view import plain
from sra_cli.output import EXIT_FAILED, HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.person import name_actor
from sra_cli.settings import read_settings
from sra_cli.tables import format_moment, make_table
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.settings import LakeSettings, ServiceSettings
from view_builder.lake import inprocess
from view_builder.lake.exchange import TableVerdict
from view_builder.lake.ledger import LakeBuild

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)


class Engine(StrEnum):
    """Engines that read the lake."""

    DUCKDB = "duckdb"
    POLARS = "polars"
    SPARK = "spark"


BuildArgument = Annotated[int, typer.Argument(metavar="BUILD", min=1, help="Number of a build.")]
BuildOrNewest = Annotated[
    int | None, typer.Argument(metavar="[BUILD]", min=1, help="Number of a build.", show_default="the newest")
]
FullOption = Annotated[bool, typer.Option("--full", help="Rewrite all rows of all tables.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Delete nothing, and report what would be deleted.")]
NameOption = Annotated[
    str | None, typer.Option("--name", help="Name of the build in the catalog; without it, the name is removed.")
]
EngineArgument = Annotated[Engine, typer.Argument(metavar="[ENGINE]", help="duckdb, polars or spark.")]


@app.command("publish")
def publish(
    context: typer.Context, full: FullOption = False, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Publish the views as a build of the lake: the changes since the newest build, or everything."""
    output = Output(as_json=as_json)
    configure_logs(service="lake", level="WARNING" if not as_json else read_settings(ServiceSettings).log_level)
    settings = read_settings(LakeSettings)
    with use_database(Home(home)) as dsn:
        result = asyncio.run(
            inprocess.publish_in_process(dsn, settings, full=full, timing=context.obj, by=name_actor())
        )
    for error in result.task.error_details:
        output.print_note(error["message"])
    status = result.task.status.value
    described = {
        "status": status,
        "run_id": str(result.task.task_id),
        "build": plain(result.build.model_dump()) if result.build else None,
    }
    builds = [result.build] if result.build else []
    output.finish(described, code=choose_exit_code(status), render=lambda: _render_builds(builds))


@app.callback()
def list_all(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the builds of the lake, the newest first."""
    if context.invoked_subcommand is None:
        status(home, as_json)


@app.command("status")
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the builds of the lake, the newest first."""
    output = Output(as_json=as_json)
    with use_database(Home(home)) as dsn:
        builds = asyncio.run(inprocess.list_builds(dsn))
    output.finish({"builds": [plain(build.model_dump()) for build in builds]}, render=lambda: _render_builds(builds))


@app.command("check")
def check(build: BuildOrNewest = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Read every file of a build, and compare it with PostgreSQL unless the view was built since."""
    output = Output(as_json=as_json)
    settings = read_settings(LakeSettings)
    with use_database(Home(home)) as dsn:
        number, checked = asyncio.run(inprocess.check_in_process(dsn, settings, build))
    has_failed = any(table.problems for table in checked.tables)
    output.finish(
        {
            "status": "failed" if has_failed else "completed",
            "build": number,
            "tables": [table.model_dump() for table in checked.tables],
        },
        code=EXIT_FAILED if has_failed else 0,
        render=lambda: _render_verdicts(checked.tables),
    )


@app.command("clean")
def clean(dry_run: DryOption = False, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Delete builds beyond LAKE_KEEP_BUILDS, and files that no kept build needs."""
    output = Output(as_json=as_json)
    settings = read_settings(LakeSettings)
    with use_database(Home(home)) as dsn:
        cleaned = asyncio.run(inprocess.clean_in_process(dsn, settings, is_dry=dry_run))
    done = "would be deleted" if dry_run else "deleted"
    output.finish(
        {"status": "completed", "files": cleaned.files, "bytes": cleaned.size},
        render=lambda: f"{cleaned.files} files of {cleaned.size / 1e6:.1f} MB {done}.",
    )


@app.command("keep")
def keep(build: BuildArgument, name: NameOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Name a build, which keeps it and makes it readable under that name. Without a name, remove the present one."""
    output = Output(as_json=as_json)
    with use_database(Home(home)) as dsn:
        asyncio.run(inprocess.name_build(dsn, build, name))
    output.finish(
        {"status": "completed", "build": build, "name": name},
        render=lambda: f"Build {build} is kept as {name}." if name else f"Build {build} has no name any more.",
    )


@app.command("open")
def open_lake(engine: EngineArgument = Engine.DUCKDB, as_json: JsonOption = False) -> None:
    """Print a program that reads the lake; it reads SRA_VIEWER_TOKEN and the storage's credentials from its environment."""
    output = Output(as_json=as_json)
    snippet = make_snippet(engine.value, read_settings(LakeSettings))
    if not as_json:
        output.console.print(snippet, markup=False, soft_wrap=True)
        raise typer.Exit(0)
    output.finish({"engine": engine.value, "program": snippet})


def _render_builds(builds: list[LakeBuild]) -> Table:
    rows: list[list[Any]] = [
        [
            build.build_id,
            build.name or "",
            format_moment(build.snapshot_at),
            build.tables,
            build.changed_tables,
            build.rows,
            build.files,
            f"{build.bytes / 1e6:.1f}",
            f"{build.written_bytes / 1e6:.1f}",
        ]
        for build in builds
    ]
    columns = ("#build", "name", "read at", "#tables", "#changed", "#rows", "#files", "#MB", "#MB written")
    return make_table("", columns, rows)


def _render_verdicts(verdicts: list[TableVerdict]) -> Table:
    rows = [(v.relation, v.rows, _describe_verdict(v)) for v in verdicts]
    return make_table("", ("table", "#rows", ">found"), rows)


def _describe_verdict(verdict: TableVerdict) -> str:
    if verdict.problems:
        return "; ".join(verdict.problems)
    return "equals PostgreSQL" if verdict.is_compared else "readable; the view was built since"
