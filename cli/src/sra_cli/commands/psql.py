"""`./sra psql`: opens psql on the database."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from typing import Annotated, Any

import typer

from sra_cli.database import use_database
from sra_cli.foreground import run_foreground
from sra_cli.home import Home
from sra_cli.output import EXIT_FAILED, HomeOption, JsonOption, Output
from sra_cli.postgres_binaries import find_binaries
from sra_cli.settings import CommandSettings, read_settings
from sra_shared.kit.database.dsn import read_password, write_client_address
from sra_shared.kit.database.libpq import OLDEST_CLIENT
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError

CommandOption = Annotated[str | None, typer.Option("--command", "-c", help="Run this SQL and exit.")]
MoreArguments = Annotated[list[str] | None, typer.Argument(metavar="[-- PSQL OPTIONS]", help="Passed to psql.")]


def psql(
    more: MoreArguments = None, command: CommandOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Open psql on DATABASE_URL, the running stack, or the home, in this order. With --json, print the rows of -c."""
    output = Output(as_json=as_json)
    place = Home(home)
    with use_database(place) as dsn:
        if as_json:
            if command is None:
                raise ConfigError("--json needs a query.", next_step="Give the SQL with -c.")
            rows = asyncio.run(_fetch(dsn, command))
            output.finish({"status": "completed", "rows": rows})
        # every user of the machine can see the arguments, so the password is passed in the environment
        program = _find_psql(place)
        address = write_client_address(dsn, _read_major(program))
        words = [program, address, *(["-c", command] if command else []), *(more or [])]
        code = run_foreground(words, settings={"PGPASSWORD": read_password(dsn) or ""})
    raise typer.Exit(EXIT_FAILED if code else 0)


async def _fetch(dsn: str, sql: str) -> list[dict[str, Any]]:
    connection = await open_connection(dsn, application_name="sra:psql", command_timeout=None)
    try:
        return [dict(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def _read_major(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(found[1]) if found else OLDEST_CLIENT


def _find_psql(home: Home) -> str:
    found = shutil.which("psql")
    if found:
        return found
    pg_bin = read_settings(CommandSettings).pg_bin
    program = find_binaries(data_folder=home.path / "postgres", pg_bin=pg_bin).folder / "psql"
    if not program.exists():
        raise ConfigError("psql was not found.", next_step="Install PostgreSQL's client, or use ./sra psql --json -c.")
    return str(program)
