"""`./sra audit`: who did what, and from which address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from sra_cli.commands.runs import work_on_database
from sra_cli.home import Home
from sra_cli.output import HomeOption, JsonOption, Output
from sra_cli.tables import format_moment, make_table
from sra_shared.kit.texts import escape_controls
from sra_shared.runs.audit import Action, AuditEntry, AuditFilter, describe_details, list_audit

_COLUMNS = ("at", "action", "who", "?role", "?from", "subject", "~details")

SinceOption = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help="Only acts since this day or time (UTC).",
    ),
]
ActionOption = Annotated[Action | None, typer.Option("--action", help="Only this action.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Maximum number, newest first.")]


def audit(
    since: SinceOption = None,
    action: ActionOption = None,
    limit: LimitOption = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the audit trail: who did what, newest first."""
    output = Output(as_json=as_json)
    wanted = AuditFilter(since=since.replace(tzinfo=UTC) if since else None, action=action, limit=limit)
    entries = work_on_database(Home(home), lambda connection: list_audit(connection, wanted))
    output.finish(
        {"entries": [entry.model_dump(mode="json") for entry in entries]},
        render=lambda: make_table("", _COLUMNS, (_summarise(entry) for entry in entries)),
    )


def _summarise(entry: AuditEntry) -> list[Any]:
    subject = f"{entry.subject_kind} {entry.subject_ids[0][:8]}" if entry.subject_ids else entry.subject_kind.value
    who = (entry.token_name or "", str(entry.role or ""), escape_controls(entry.address))
    return [format_moment(entry.at), entry.action.value, *who, subject, describe_details(entry)]
