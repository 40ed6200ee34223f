"""`./sra share-basis`: the maintained share ratios of receipts and share classes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sra_cli.commands.runs import work_on_database
from sra_cli.home import Home
from sra_cli.output import HomeOption, JsonOption, Output
from sra_cli.tables import make_table
from sra_shared.schema.share_basis import MAINTAINED, ShareBasis, list_share_basis, load_share_basis, read_share_basis

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)

FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="CSV file with the columns symbol, ratio, source and valid_from. [default: the maintained file]",
        show_default=False,
    ),
]


@app.command()
def load(file: FileArgument = MAINTAINED, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Replace the loaded ratios with those of a file. The next build of the views applies them."""
    output = Output(as_json=as_json)
    entries = read_share_basis(file)
    work_on_database(Home(home), lambda connection: load_share_basis(connection, entries))
    output.finish(
        {"status": "completed", "loaded": len(entries)},
        render=lambda: f"{len(entries)} ratios loaded. The next build of the views applies them.",
    )


@app.callback()
def list_all(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the loaded share ratios of receipts and share classes."""
    if context.invoked_subcommand is not None:
        return
    output = Output(as_json=as_json)
    entries = work_on_database(Home(home), list_share_basis)
    output.finish(
        {"entries": [entry.model_dump(mode="json") for entry in entries]},
        render=lambda: make_table(
            "", ("symbol", "#ratio", "since", "~source"), (_summarise(entry) for entry in entries)
        ),
    )


def _summarise(entry: ShareBasis) -> list[Any]:
    return [entry.symbol, f"{entry.ratio:.6g}", str(entry.valid_from), entry.source]
