"""`./sra migrate`: migrates the database to the newest revision."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.migration import migrate_database
from sra_cli.output import HomeOption, JsonOption, Output
from sra_cli.settings import read_settings
from sra_shared.kit.settings import (
    AdministratorSettings,
    DatabaseSettings,
    FmpSettings,
    ServiceSettings,
    check_settings,
)

SandboxOption = Annotated[
    bool, typer.Option("--sandbox", help="Mark an empty database as a sandbox: made-up data only.")
]


def migrate(sandbox: SandboxOption = False, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Create or upgrade all tables and the role sra_reader with its rights. Safe to repeat."""
    output = Output(as_json=as_json)
    check_settings(DatabaseSettings, AdministratorSettings, ServiceSettings, FmpSettings)
    sandbox = sandbox or read_settings(ServiceSettings).sra_sandbox
    with use_database(Home(home), create=True) as dsn:
        state = asyncio.run(migrate_database(dsn, sandbox=sandbox))
    for line in state.describe():
        output.print_note(line)
    output.finish(
        {
            "status": "completed",
            "revision": state.revision,
            "sandbox": state.sandbox,
            "reader_ready": state.reader.ready,
            "reader_statements": list(state.reader.statements),
            "reader_limits": list(state.reader.limits),
        }
    )
