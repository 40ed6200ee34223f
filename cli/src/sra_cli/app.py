"""The registry of commands, and what all of them share: help, usage errors, exit codes."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import typer

from sra_cli.output import EXIT_FAILED, Output, write_json
from sra_shared.kit.errors import ConfigError, RetryableError, SraError
from sra_shared.kit.logs import redact_text
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming

COMMANDS: dict[str, str] = {
    "up": "Start the full stack, run one refresh, and show the result and the dashboard.",
    "down": "Stop the stack that `up` started.",
    "refresh": "Trigger a refresh through the gateway.",
    "load": "Load a Fundata seed tree, or reparse a dataset.",
    "fmp": "Collect one FMP dataset, or list them.",
    "views": "Build, check or describe the published views.",
    "lake": "Publish, check, clean or describe the Iceberg lake.",
    "status": "Show runs, freshness and problems.",
    "runs": "List runs; show, cancel or release one.",
    "rejects": "List, replay or dismiss rejected records.",
    "share-basis": "List or load the share ratios of receipts and share classes.",
    "preflight": "Check vendor access and the needs of a first load.",
    "compare": "Compare our tables with another database.",
    "login": "Print a link that logs a browser in to the dashboard.",
    "audit": "List who did what.",
    "alerts": "List incidents and sent alerts, or send a test message.",
    "migrate": "Migrate the database to the newest revision.",
    "psql": "Open psql on the database.",
    "serve": "Run one service in the foreground.",
    "stand-in": "Run a local stand-in for the vendors' APIs.",
    "bench": "Run a benchmark.",
    "check": "Check lint, types, import contracts, locks and generated files.",
    "test": "Run the tests.",
}
_EPILOG = (
    "Exit codes: 0 success, 1 failed, 2 partial, 3 parked, 4 held, 5 configuration error. Every command accepts --json."
)
_INTERRUPTED = 130


def build_app(wanted: str | None) -> typer.Typer:
    """Return the command line, importing only the module of the wanted command."""
    app = typer.Typer(
        name="sra",
        help="SRA Data ingests FMP and Fundata into one PostgreSQL database and publishes typed views.",
        epilog=_EPILOG,
        no_args_is_help=False,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, summary in COMMANDS.items():
        if name != wanted:
            app.command(name, help=summary)(_do_nothing)
            continue
        module = importlib.import_module(f"sra_cli.commands.{name.replace('-', '_')}")
        group = getattr(module, "app", None)
        if isinstance(group, typer.Typer):
            app.add_typer(group, name=name, help=summary)
        else:
            function: Callable[..., Any] = getattr(module, name.replace("-", "_"))
            app.command(name, short_help=summary, help=join_lines(function))(function)
    return app


def join_lines(function: Callable[..., Any]) -> str:
    """Return a docstring whose paragraphs are single lines, which the help wraps itself; a list after `\\b` keeps its lines."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n\n".join(text if text.startswith("\b") else " ".join(text.split()) for text in paragraphs)


def _do_nothing() -> None:
    """The help's placeholder for a command whose module is not imported."""


def run(arguments: Sequence[str], *, timing: LeaseTiming = DEFAULT_TIMING) -> int:
    """Execute a command line and return its exit code; `timing` applies to runs in this process."""
    as_json = "--json" in arguments
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    words = list(arguments) or ["--help"]
    try:
        command = typer.main.get_command(build_app(wanted))
        code = command.main(words, prog_name="./sra", standalone_mode=False, obj=timing)
    except (asyncio.CancelledError, typer.Abort):
        code = _INTERRUPTED
    except (
        SraError,
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        typer.TyperException,
    ) as error:
        failure = explain_error(error, wanted)
        return report_error(failure.message, failure.next_step, failure.exit_code, as_json)
    except Exception as error:  # noqa: BLE001 - last resort: a reader of stdout must still get its object
        sys.stderr.write(redact_text(traceback.format_exc()))
        failure = explain_unexpected(error)
        return report_error(failure.message, failure.next_step, failure.exit_code, as_json)
    if code == _INTERRUPTED:  # typer's code for Ctrl-C; none of our commands uses it
        return report_error(
            "Interrupted.", "Committed work is kept. Run the same command again to resume.", code, as_json
        )
    return code if isinstance(code, int) else 0


def explain_error(error: Exception, command: str | None = None) -> SraError:
    """Return the error as an SraError: a sentence, the next step, an exit code."""
    if isinstance(error, SraError):
        return error
    if isinstance(error, typer.TyperException):  # a usage error; typer's own code for it means "partial" here
        hint = f"See ./sra {command} --help." if command in COMMANDS else "See ./sra --help."
        return ConfigError(error.format_message(), next_step=hint)
    if isinstance(error, asyncpg.PostgresError):
        return SraError(f"PostgreSQL refused: {error}.")
    if isinstance(error, OSError) and error.filename:
        return SraError(f"{error.filename}: {error.strerror}.")
    return RetryableError(
        f"The database does not respond ({error or type(error).__name__}).", next_step="Check DATABASE_URL."
    )


def explain_unexpected(error: Exception) -> SraError:
    """Return an unexpected error as an internal one; its traceback is printed as well."""
    return SraError(
        f"Internal error: {type(error).__name__}: {redact_text(str(error))}.",
        next_step="Report it with the traceback on stderr. Committed work is kept.",
    )


def report_error(message: str, next_step: str, code: int, as_json: bool) -> int:
    """Report an error on stderr, or as JSON on stdout, and return its exit code."""
    output = Output(as_json=as_json)
    output.print_note(f"sra: {message}" + (f"\n     {next_step}" if next_step else ""))
    if as_json:
        status = {3: "parked", 4: "held"}.get(code, "failed")
        sys.stdout.write(write_json({"status": status, "error": message, "next_step": next_step}) + "\n")
    return code or EXIT_FAILED
