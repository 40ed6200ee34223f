"""`./sra alerts`: incidents, the messages sent about them, and a test message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import typer
from rich.console import Group

from sra_cli.commands.refresh import find_target
from sra_cli.gateway_client import GatewayClient, GatewayError
from sra_cli.home import Home
from sra_cli.output import EXIT_FAILED, HomeOption, JsonOption, Output
from sra_cli.tables import format_moment, make_table
from sra_shared.kit.errors import ConfigError

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)
_SHOWN = 10


@app.command("test")
def send_test(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Send a test message to the webhook of the gateway. Exits 1 if it is not accepted, 5 if no webhook is set."""
    output = Output(as_json=as_json)
    target = find_target(Home(home))
    with GatewayClient(target.gateway_url, target.token) as client:
        try:
            result = client.send_test_alert()
        except GatewayError as error:
            raise ConfigError(error.message, next_step="Set ALERT_WEBHOOK_URL for the gateway.") from error
    output.print_note("The webhook accepted the message." if result["delivered"] else str(result["error"]))
    status = "completed" if result["delivered"] else "failed"
    output.finish({"status": status, **result}, code=0 if result["delivered"] else EXIT_FAILED)


@app.callback()
def list_all(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List incidents, open ones first, and the last messages to the webhook."""
    if context.invoked_subcommand is not None:
        return
    output = Output(as_json=as_json)
    target = find_target(Home(home))
    with GatewayClient(target.gateway_url, target.token) as client:
        report = client.read_alerts()
    if not report["webhook"]:
        output.print_note("No webhook is set, so no alerts are sent. Set ALERT_WEBHOOK_URL for the gateway.")
    output.finish(report, render=lambda: _render(report))


def _render(report: Mapping[str, Any]) -> Group:
    incidents = [[_cut(one["began_at"]), _cut(one["ended_at"]) or "open", one["detail"]] for one in report["incidents"]]
    messages = [
        [
            _cut(one["created_at"]),
            one["kind"],
            _cut(one["delivered_at"]) or f"{one['attempts']} attempts: {one['last_error']}",
        ]
        for one in report["alerts"][:_SHOWN]
    ]
    return Group(
        make_table("incidents", ("began", "ended", ">what"), incidents),
        make_table("\nmessages", ("written", "kind", ">delivered"), messages),
    )


def _cut(moment: str | None) -> str:
    return format_moment(datetime.fromisoformat(moment) if moment else None)
