"""`./sra stand-in`: runs the stand-in for the vendors' APIs in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sra_cli.foreground import STOPPED, run_foreground
from sra_cli.output import EXIT_CONFIG, EXIT_FAILED, JsonOption, Output
from sra_cli.ports import find_free_port
from sra_cli.stack import build_stand_in_command, build_stand_in_settings

PortOption = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port. [default: a free one]")]
SecuritiesOption = Annotated[int | None, typer.Option("--securities", min=1, help="Number of made-up FMP listings.")]
FundsOption = Annotated[int | None, typer.Option("--funds", min=1, help="Number of made-up Fundata funds.")]
AnswersOption = Annotated[
    Path | None,
    typer.Option(
        "--answers", exists=True, file_okay=False, help="Serve the FMP responses that `preflight --save` saved here."
    ),
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Seed of the made-up data.")]


def stand_in(
    port: PortOption = None,
    securities: SecuritiesOption = None,
    funds: FundsOption = None,
    seed: SeedOption = None,
    answers: AnswersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the APIs of FMP and Fundata with made-up data until Ctrl-C, and print the settings that point to it.

    With these settings, `./sra up` uses it.
    """
    output = Output(as_json=as_json)
    chosen = port or find_free_port()
    command = build_stand_in_command(chosen, with_sample=funds is None)
    options = (("--securities", securities), ("--funds", funds), ("--seed", seed), ("--answers", answers))
    for option, value in options:
        command += [option, str(value)] if value is not None else []
    settings = {"SRA_SANDBOX": "1", **build_stand_in_settings(chosen)}
    for name, text in settings.items():
        if text:
            output.print_note(f"export {name}={text}")
    exit_code = run_foreground(command, to_stderr=as_json)
    stopped = exit_code in STOPPED
    result = {"status": "completed" if stopped else "failed", "port": chosen, "exit_code": exit_code}
    output.finish(result, code=0 if stopped else exit_code if exit_code == EXIT_CONFIG else EXIT_FAILED)
