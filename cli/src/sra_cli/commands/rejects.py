"""`./sra rejects`: records that were not stored, and why."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.corrections import parse_corrections
from fundata_ingest.load import run_in_process
from fundata_ingest.replay import ReplayWork, make_replay_request
from sra_cli.commands.load import shorten_file
from sra_cli.commands.runs import work_on_database
from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.ledger_view import plain
from sra_cli.output import HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.tables import make_table
from sra_shared.counts import Counts
from sra_shared.errors import ConfigError
from sra_shared.logs import configure_logs

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)

DatasetOption = Annotated[str | None, typer.Option("--dataset", help="Only this dataset.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only this reason.")]
AllOption = Annotated[bool, typer.Option("--all", help="Those already resolved too.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")]
_RAW_SHOWN = 200

_SQL_COUNT = """
SELECT dataset, reason, count(*)::bigint AS rejected, count(*) FILTER (WHERE resolved_at IS NULL)::bigint AS open
FROM rejected_record WHERE ($1::text IS NULL OR dataset = $1) AND ($2::text IS NULL OR reason = $2)
GROUP BY dataset, reason ORDER BY dataset, reason"""
_SQL_LIST = """
SELECT reject_id, run_id::text AS run_id, source, dataset, file_path, line, record_key, reason, detail, raw,
       octet_length(raw) AS raw_bytes, created_at, resolved_at, resolution
FROM rejected_record
WHERE ($1::text IS NULL OR dataset = $1) AND ($2::text IS NULL OR reason = $2) AND ($3 OR resolved_at IS NULL)
ORDER BY reject_id DESC LIMIT $4"""


@app.command()
def replay(
    dataset: DatasetOption = None,
    reject_ids: Annotated[list[int] | None, typer.Option("--id", help="Only these rejects; may be repeated.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Corrected lines: on each the reject's id, a tab, and the record.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try rejected Fundata records again, under the rules as they now are or with corrected lines."""
    output = Output(as_json=as_json)
    configure_logs(service="replay", level="WARNING")
    if dataset is not None:
        load_catalogue().find_dataset(dataset)
    corrections = read_corrections(file) if file is not None else None
    request = make_replay_request(dataset=dataset, reject_ids=reject_ids, corrections=corrections)
    with use_database(Home(home)) as dsn:
        result = asyncio.run(run_in_process(dsn, request, ReplayWork(load_catalogue())))
    tried = result.files[0] if result.files else Counts().as_dict()
    names = ("read", "stored", "unchanged", "rejected", "rejected_by")
    status = result.task.status.value
    for error in result.errors:
        output.note(error)
    output.finish(
        {"status": status, "error": "; ".join(result.errors) or None, **{name: tried.get(name) for name in names}},
        code=choose_exit_code(status),
        render=lambda: make_table(
            f"{status}: resolved are those stored or known already",
            ("#tried", "#stored", "#known", "#still rejected"),
            [[tried.get(name) for name in names[:4]]],
        ),
    )


def read_corrections(file: Path) -> dict[int, str]:
    """Read the corrected records by reject; raises ConfigError that names the file and the line of what is wrong."""
    try:
        return parse_corrections(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", next_step="Name the corrected lines.") from error
    except ConfigError as error:
        raise ConfigError(f"{file}: {error.message}", next_step=error.next_step) from error


@app.callback()
def list_all(
    context: typer.Context,
    dataset: DatasetOption = None,
    reason: ReasonOption = None,
    show_all: AllOption = False,
    limit: LimitOption = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List rejected records, newest first, with counts per dataset and reason."""
    if context.invoked_subcommand is not None:
        return
    output = Output(as_json=as_json)

    async def read(
        connection: asyncpg.Connection[asyncpg.Record],
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        counts = [dict(row) for row in await connection.fetch(_SQL_COUNT, dataset, reason)]
        rows = [dict(row) for row in await connection.fetch(_SQL_LIST, dataset, reason, show_all, limit)]
        return counts, rows

    counts, rows = work_on_database(Home(home), read)
    if not as_json:
        columns = ("dataset", "reason", "#rejected", "#open")
        output.console.print(make_table("", columns, (list(row.values()) for row in counts)))
    output.finish(
        {"counts": counts, "rejects": [_describe(row) for row in rows]},
        render=lambda: make_table(
            "",
            ("#id", "place", "reason", "~detail"),
            ([str(row["reject_id"]), *_summarise(row)] for row in rows),
        ),
    )


def _describe(row: dict[str, Any]) -> dict[str, Any]:
    # the start of the record is enough to find it; the whole of it is in the table
    raw = bytes(row["raw"][:_RAW_SHOWN]).decode("utf-8", errors="backslashreplace")
    return {**plain(row), "raw": raw}


def _summarise(row: dict[str, Any]) -> list[str]:
    place = (
        shorten_file(row["file_path"]) if row["file_path"] else f"{row['dataset']} {row['record_key'] or ''}".strip()
    )
    if row["line"] is not None:
        place += f":{row['line']}"
    return [place, row["reason"], row["detail"] or ""]
