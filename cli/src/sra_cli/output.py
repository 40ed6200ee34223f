"""The output of every command: stderr and tables for people, one JSON object on stdout for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console, RenderableType

from sra_cli.home import Home
from sra_shared.kit.texts import escape_controls

EXIT_FAILED = 1
# control characters that json does not escape, and those that change the direction of text
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EXIT_CONFIG = 5
_EXIT_CODES = {"completed": 0, "skipped": 0, "partial": 2, "parked": 3, "held": 4}

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object to stdout and everything else to stderr.")
]


def _check_home(path: Path | None) -> Path | None:
    if path is not None:
        Home(path).check_owner()
    return path


HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of the stack's data, tokens and logs. [default: .sra]", callback=_check_home),
]


def choose_exit_code(status: str) -> int:
    """Return the documented exit code for the status of a run, a refresh or a load."""
    return _EXIT_CODES.get(status, EXIT_FAILED)


def _to_plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return str(value)


def write_json(result: Mapping[str, Any]) -> str:
    """Return one line of JSON; characters that a terminal would interpret are escaped."""
    text = json.dumps(result, default=_to_plain, ensure_ascii=False)
    return text if text.isprintable() else _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Output:
    """The output of one command: `console` is for people (stderr with --json), `finish` ends the command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(stderr=as_json, highlight=False)
        self.notes = Console(stderr=True, highlight=False)

    def print_note(self, text: str) -> None:
        """Print progress for people."""
        self.notes.print(escape_controls(text, kept="\n"), markup=False, soft_wrap=True)

    def finish(
        self, result: Mapping[str, Any], *, code: int = 0, render: Callable[[], RenderableType | None] | None = None
    ) -> NoReturn:
        """Show the result and end the command with `code`."""
        self.show(result, render=render)
        raise typer.Exit(code)

    def show(self, result: Mapping[str, Any], *, render: Callable[[], RenderableType | None] | None = None) -> None:
        """Print the result, as JSON or by `render`; once per command."""
        if self.as_json:
            sys.stdout.write(write_json(result) + "\n")
            sys.stdout.flush()
        elif render is not None:
            shown = render()
            if shown is not None:
                self.console.print(escape_controls(shown, kept="\n") if isinstance(shown, str) else shown)
