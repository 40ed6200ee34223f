"""`./sra compare`: compares another database's tables, such as a predecessor's, with ours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Group

from sra_cli.compare_map import TableMap, plan_tables, read_map
from sra_cli.comparison import Comparison, TableResult
from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.output import HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.tables import make_table
from sra_shared.kit.database.dsn import normalise_dsn, read_password
from sra_shared.kit.db import OUTAGE_ERRORS, open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import hide_secrets, redact_text

WithOption = Annotated[str, typer.Option("--with", metavar="DSN", help="Address of the other database.")]
MapOption = Annotated[
    Path | None,
    typer.Option("--map", metavar="FILE", help="TOML file that maps its tables and columns to ours."),
]
ExamplesOption = Annotated[
    int, typer.Option("--examples", min=0, max=1000, help="Number of examples for each kind of difference.")
]
_COLUMNS = ("~ours", "~theirs", "#here", "#there", "#same", "#different", "#only here", "#only there", "#repeated")


def compare(
    other: WithOption,
    map_file: MapOption = None,
    examples: ExamplesOption = 5,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare our tables with another database, by key. Only reads from both databases.

    Without --map, tables and columns are matched by name. Exits 2 if anything differs.
    """
    output = Output(as_json=as_json)
    theirs = read_address(other)
    hide_secrets([read_password(theirs)])
    wanted = read_map(map_file) if map_file is not None else None
    with use_database(Home(home)) as dsn:
        results = asyncio.run(compare_databases(dsn, theirs, wanted, examples, output))
    status = "completed" if all(result.is_same for result in results) else "partial"
    tables = [{**asdict(result), "is_same": result.is_same} for result in results]
    found = {"status": status, "tables": tables}
    output.finish(found, code=choose_exit_code(status), render=lambda: render_results(results))


def read_address(text: str) -> str:
    """Return the other database's address in normal form; raises ConfigError for --with if it is invalid."""
    try:
        return normalise_dsn(text)
    except ConfigError as error:
        raise ConfigError(error.message.replace("DATABASE_URL", "--with"), next_step=error.next_step) from None


async def open_other(dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    """Connect to the other database; raises ConfigError if it refuses the connection."""
    try:
        return await open_connection(dsn, application_name="sra:compare", command_timeout=None)
    except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
        reason = redact_text(str(error) or type(error).__name__)
        raise ConfigError(f"The other database does not respond ({reason}).", next_step="Check --with.") from error


async def compare_databases(
    dsn: str, theirs: str, wanted: dict[str, TableMap] | None, examples: int, output: Output
) -> list[TableResult]:
    """Compare each table in one snapshot of both databases; both connections are read-only."""
    ours = await open_connection(dsn, application_name="sra:compare", command_timeout=None)
    try:
        other = await open_other(theirs)
        try:
            options: dict[str, Any] = {"isolation": "repeatable_read", "readonly": True}
            async with ours.transaction(**options), other.transaction(**options):
                comparison = Comparison(ours, other, examples=examples, report=output.print_note)
                return [await comparison.compare(plan) for plan in await plan_tables(ours, other, wanted)]
        finally:
            await other.close()
    finally:
        await ours.close()


def render_results(results: Sequence[TableResult]) -> Group:
    """Return the counts by table, then the differences with examples."""
    rows = [
        [
            *(one.ours, one.theirs, one.rows_here, one.rows_there, one.matched - one.different, one.different),
            *(one.only_here, one.only_there, one.repeated_here + one.repeated_there),
        ]
        for one in results
    ]
    parts: list[Any] = [make_table("", _COLUMNS, rows)]
    for one in results:
        differing = {name: number for name, number in one.columns.items() if number}
        if differing:
            parts.append(make_table(f"\n{one.ours}: rows that differ", ("column", "#rows"), list(differing.items())))
        lines = [[kind.replace("_", " "), write_key(each["key"]), write_values(each)] for kind, each in _list(one)]
        if lines:
            parts.append(make_table(f"\n{one.ours}: examples", ("kind", "key", ">values"), lines))
    return Group(*parts)


def _list(result: TableResult) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, each) for kind, found in result.examples.items() for each in found]


def write_key(key: dict[str, str]) -> str:
    """Return a key, formatted for readers."""
    return ", ".join(key.values())


def write_values(example: dict[str, Any]) -> str:
    """Return the values that differ, ours before theirs."""
    return "; ".join(f"{name}: {two['here']} / {two['there']}" for name, two in example.get("values", {}).items())
