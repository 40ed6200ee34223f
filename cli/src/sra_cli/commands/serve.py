"""`./sra serve NAME`: runs one service in the foreground."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sra_cli.foreground import STOPPED, run_foreground
from sra_cli.home import Home
from sra_cli.output import EXIT_CONFIG, EXIT_FAILED, HomeOption, JsonOption, Output
from sra_cli.settings import read_settings
from sra_cli.stack import SERVICES
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import DatabaseSettings

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(SERVICES)}.")]
PortOption = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port to listen on (PORT).")]


def serve(name: NameArgument, port: PortOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Run one service until Ctrl-C, on DATABASE_URL or the database of the running stack. Logs go to stderr."""
    output = Output(as_json=as_json)
    service = name.replace("-", "_")
    if service not in SERVICES:
        raise ConfigError(f"Service {name!r} does not exist.", next_step=f"Choose one of: {', '.join(SERVICES)}.")
    settings = {"PORT": str(port)} if port else {}
    if read_settings(DatabaseSettings).dsn is None:
        running = Home(home).read_running()
        if running is None:
            raise ConfigError(
                "No database is set, and no stack is running.", next_step="Set DATABASE_URL, or run ./sra up."
            )
        settings["DATABASE_URL"] = running.database_url
    exit_code = run_foreground([sys.executable, "-m", service], settings=settings, to_stderr=as_json)
    stopped = exit_code in STOPPED
    result = {"status": "completed" if stopped else "failed", "service": service, "exit_code": exit_code}
    output.finish(result, code=0 if stopped else exit_code if exit_code == EXIT_CONFIG else EXIT_FAILED)
