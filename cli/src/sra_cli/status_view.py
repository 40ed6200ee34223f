"""The output of `./sra status`: the problems in sentences, and the whole report for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sra_cli.gateway_client import LIVE
from sra_cli.ledger_view import RUN_COLUMNS, describe_backfill, summarise_run
from sra_cli.tables import format_moment, make_table
from sra_shared.runs import ProcessingTask

_FRESHNESS = ("dataset", "newest", "loaded", "#rows", "?#rejected")
_WELL = "healthy"
_GOOD_ENDS = ("completed", "cancelled")


def list_gateway_problems(status: Mapping[str, Any]) -> list[str]:
    """Return the problems in the gateway's /status, one sentence each; empty if all is well."""
    problems = list(_list_parts(status))
    reported = {f"service:{part['name']}" for part in status["services"] if part["status"] != _WELL}
    lasting = [one for one in status["incidents"] if one["ended_at"] is None and one["subject"] not in reported]
    problems += [f"Open incident: {incident['detail']}" for incident in lasting]
    problems += _list_refresh_problems(status["refresh"])
    if not problems and status["status"] != _WELL:
        problems += [check["detail"] for check in status["checks"].values() if check["status"] != _WELL]
    return problems


def _list_parts(status: Mapping[str, Any]) -> Iterator[str]:
    for part in (status["database"], *status["services"], *status["sources"]):
        if part["status"] != _WELL:
            yield f"{part['name']} is {part['status']}: {part['detail']}"


def _list_refresh_problems(refresh: Mapping[str, Any] | None) -> list[str]:
    if refresh is None:
        return []
    name = f"Refresh {str(refresh['refresh_id'])[:8]}"
    if refresh["status"] in LIVE:
        return [f"{name} is overdue: ./sra runs {str(refresh['refresh_id'])[:8]}."] if refresh["overdue"] else []
    if refresh["status"] in _GOOD_ENDS:
        return []
    failed = [
        f"{step['step']} {step['status']}"
        for step in refresh["steps"]
        if step["status"] not in ("completed", "skipped")
    ]
    return [f"{name} finished with status {refresh['status']} ({', '.join(failed) or refresh['error']})."]


def list_late_datasets(freshness: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return sentences about datasets that are late by the market's calendar, and views whose build failed."""
    late = []
    for row in freshness:
        name = f"{row['source']} {row['dataset']}"
        if row.get("error"):
            late.append(f"{name}: its last build failed: {row['error']}")
        elif row.get("is_late"):
            due = format_moment(row["expected_at"])
            sessions = "1 session" if row["lag_sessions"] == 1 else f"{row['lag_sessions']} sessions"
            late.append(f"{name}: {sessions} late, {row['expected_record']} was due {due}")
    return late


def render_status(
    result: Mapping[str, Any], tasks: Sequence[ProcessingTask], freshness: Sequence[Mapping[str, Any]]
) -> RenderableType:
    """Return the whole report: database, gateway, last runs, freshness by source, late datasets, problems."""
    database = result["database"]
    kind = "sandbox" if database["sandbox"] else "real data"
    parts: list[RenderableType] = [
        Text(f"database  {database['address']}"),
        Text(f"          PostgreSQL {database['server']}, revision {database['revision']}, {kind}"),
        Text(f"gateway   {result['gateway_url'] or 'none is running here'}"),
    ]
    parts += [Text(line) for task in tasks if task.status.is_live and (line := describe_backfill(task))]
    if tasks:
        parts.append(make_table("\nlast runs (times in UTC)", RUN_COLUMNS, (summarise_run(task) for task in tasks)))
    for source in dict.fromkeys(row["source"] for row in freshness):
        rows = [_summarise_freshness(row) for row in freshness if row["source"] == source]
        parts.append(make_table(f"\nfreshness of {source}", _FRESHNESS, rows))
    late = list_late_datasets(freshness)
    parts += [Text("\nlate"), *(Text(f"  {line}", style="yellow") for line in late)] if late else []
    problems = [Text(problem, style="red") for problem in result["problems"]]
    parts += ["", *problems] if problems else []
    parts.append(Text(f"\n{result['status']}", style="green" if result["status"] == _WELL else "yellow"))
    return Group(*parts)


def _summarise_freshness(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        row["dataset"],
        row["newest_record"],
        format_moment(row["last_success_at"]),
        row["rows_stored"],
        row["rows_rejected"],
    )
