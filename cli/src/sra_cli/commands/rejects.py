"""`./sra rejects`: records that were not stored, with reasons; replays or dismisses them."""

from __future__ import annotations

from typing import Annotated, Any, NoReturn

import asyncpg
import typer

from sra_cli.commands.load import shorten_file
from sra_cli.commands.replay import replay
from sra_cli.commands.runs import work_on_database
from sra_cli.home import Home
from sra_cli.ledger_view import plain
from sra_cli.output import HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.person import name_actor
from sra_cli.tables import format_moment, make_table
from sra_shared.kit.database.statements import compose
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import configure_logs
from sra_shared.runs.reject_state import REJECT_IS_OPEN
from sra_shared.runs.rejects import Verdicts, dismiss_rejects, reopen_rejects

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)
app.command()(replay)

DatasetOption = Annotated[str | None, typer.Option("--dataset", help="Only this dataset.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only this reason.")]
AllOption = Annotated[bool, typer.Option("--all", help="Include resolved and dismissed rejects.")]
DismissedOption = Annotated[
    bool, typer.Option("--dismissed", help="Only dismissed rejects: who dismissed them, when and why.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Maximum number, newest first.")]
IdsArgument = Annotated[list[int], typer.Argument(metavar="ID...", min=1, max=2**63 - 1, help="Ids of rejects.")]
WhyOption = Annotated[str, typer.Option("--why", help="Reason for the dismissal.")]
_RAW_SHOWN = 200

_SQL_COUNT = compose(
    """
SELECT dataset, reason, count(*)::bigint AS rejected, count(*) FILTER (WHERE {reject_is_open})::bigint AS open,
  count(dismissed_at)::bigint AS dismissed
FROM rejected_record WHERE ($1::text IS NULL OR dataset = $1) AND ($2::text IS NULL OR reason = $2)
GROUP BY dataset, reason ORDER BY dataset, reason""",
    reject_is_open=REJECT_IS_OPEN,
)
_SQL_LIST = compose(
    """
SELECT reject_id, run_id::text AS run_id, source, dataset, file_path, line, record_key, reason, detail, raw,
       octet_length(raw) AS raw_bytes, created_at, seen_count, last_seen_at,
       coalesce(last_run_id, run_id)::text AS last_run_id, resolved_at, resolution, dismissed_at, dismissed_by, dismissal
FROM rejected_record
WHERE ($1::text IS NULL OR dataset = $1) AND ($2::text IS NULL OR reason = $2)
  AND CASE $3 WHEN 'all' THEN true WHEN 'dismissed' THEN dismissed_at IS NOT NULL ELSE {reject_is_open} END
ORDER BY reject_id DESC LIMIT $4""",
    reject_is_open=REJECT_IS_OPEN,
)


@app.command()
def dismiss(ids: IdsArgument, why: WhyOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Dismiss rejects. They stay dismissed if they are delivered again with the same reason."""

    configure_logs(service="rejects", level="WARNING")

    async def decide(connection: asyncpg.Connection[asyncpg.Record]) -> Verdicts:
        async with connection.transaction():
            return await dismiss_rejects(connection, ids, why=why, by=name_actor())

    try:
        verdicts = work_on_database(Home(home), decide)
    except ValueError as error:
        raise ConfigError(f"--why is not accepted: {error}.", next_step="Give a reason for the record.") from error
    report_verdicts(Output(as_json=as_json), "dismissed", verdicts)


@app.command()
def reopen(ids: IdsArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Reopen dismissed rejects."""

    configure_logs(service="rejects", level="WARNING")

    async def decide(connection: asyncpg.Connection[asyncpg.Record]) -> Verdicts:
        async with connection.transaction():
            return await reopen_rejects(connection, ids, by=name_actor())

    report_verdicts(Output(as_json=as_json), "reopened", work_on_database(Home(home), decide))


def report_verdicts(output: Output, what: str, verdicts: Verdicts) -> NoReturn:
    """Show which rejects were changed, and why the others were not; exits as partial if any were not."""
    status = "partial" if verdicts.left else "completed"
    for reason in verdicts.left.values():
        output.print_note(reason)
    left = [{"reject_id": reject_id, "reason": reason} for reject_id, reason in verdicts.left.items()]
    output.finish(
        {"status": status, what: verdicts.changed, "left": left},
        code=choose_exit_code(status),
        render=lambda: f"{len(verdicts.changed)} {what}.",
    )


@app.callback()
def list_all(
    context: typer.Context,
    dataset: DatasetOption = None,
    reason: ReasonOption = None,
    show_all: AllOption = False,
    dismissed: DismissedOption = False,
    limit: LimitOption = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List open rejected records, newest first, with counts per dataset and reason."""
    if context.invoked_subcommand is not None:
        return
    output = Output(as_json=as_json)
    which = "dismissed" if dismissed else "all" if show_all else "open"

    async def read(
        connection: asyncpg.Connection[asyncpg.Record],
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        counts = [dict(row) for row in await connection.fetch(_SQL_COUNT, dataset, reason)]
        rows = [dict(row) for row in await connection.fetch(_SQL_LIST, dataset, reason, which, limit)]
        return counts, rows

    counts, rows = work_on_database(Home(home), read)
    if not as_json:
        columns = ("dataset", "reason", "#rejected", "#open", "?#dismissed")
        output.console.print(make_table("", columns, (list(row.values()) for row in counts)))
    listed = ("#id", "place", "reason", "?#seen", "?last", "~why" if dismissed else "~detail")
    output.finish(
        {"counts": counts, "rejects": [_describe(row) for row in rows]},
        render=lambda: make_table(
            "", listed, ([str(row["reject_id"]), *_summarise(row, dismissed=dismissed)] for row in rows)
        ),
    )


def _describe(row: dict[str, Any]) -> dict[str, Any]:
    # the beginning is enough to identify the record; the table has all of it
    raw = bytes(row["raw"][:_RAW_SHOWN]).decode("utf-8", errors="backslashreplace")
    return {**plain(row), "raw": raw}


def _summarise(row: dict[str, Any], *, dismissed: bool) -> list[object]:
    place = (
        shorten_file(row["file_path"]) if row["file_path"] else f"{row['dataset']} {row['record_key'] or ''}".strip()
    )
    if row["line"] is not None:
        place += f":{row['line']}"
    detail = row["detail"] or ""
    if dismissed:
        detail = f"{row['dismissal']} ({row['dismissed_by']}, {format_moment(row['dismissed_at'])})"
    return [place, row["reason"], row["seen_count"], format_moment(row["last_seen_at"]), detail]
