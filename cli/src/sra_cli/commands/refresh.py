"""`./sra refresh`: triggers a refresh through the gateway, with live progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import typer

from sra_cli.gateway_client import GatewayClient
from sra_cli.home import Home
from sra_cli.output import HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.refresh_view import STEP_KEYS, RefreshProgress, render_refresh
from sra_cli.settings import CommandSettings, read_settings
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import DatabaseSettings, ServiceSettings

SOURCES = ("fmp", "fundata", "views")


@dataclass(frozen=True)
class GatewayTarget:
    """The gateway to call, and the address of its database if known."""

    gateway_url: str
    token: str | None
    database_url: str | None


def refresh(
    source: Annotated[
        str | None,
        typer.Option("--source", help="fmp, fundata or views; the views are always built last. [default: all]"),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the refresh finishes, with live progress.")] = False,
    weekly: Annotated[bool, typer.Option("--weekly", help="Collect the weekly fundamentals too.")] = False,
    first_day: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DATE",
            help="With --source fundata: first day (YYYY-MM-DD) of the requested changes; required if no seed is loaded.",
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trigger a refresh, or join the one in progress. The gateway runs it whether or not this command waits.

    With --wait the exit code is the result of the refresh; without it, 0 means that the request was accepted.
    """
    output = Output(as_json=as_json)
    if source is not None and source not in SOURCES:
        raise ConfigError(f"Source {source!r} does not exist.", next_step=f"Choose one of: {', '.join(SOURCES)}.")
    from_date = read_first_day(first_day, source)
    target = find_target(Home(home))
    with GatewayClient(target.gateway_url, target.token) as client:
        sources = [source, "views"] if source else None
        state = client.trigger_refresh(sources=sources, weekly=weekly, from_date=from_date)
        if not state["created"]:
            output.print_note(f"Joined refresh {state['refresh_id']}, which was in progress.")
        if wait:
            with RefreshProgress(output.notes) as progress:
                state = client.follow_refresh(str(state["refresh_id"]), on_change=progress.update)
    result = make_result(state, target)
    code = choose_exit_code(str(state["status"])) if wait else 0
    output.finish(result, code=code, render=lambda: render_refresh(result))


def read_first_day(text: str | None, source: str | None) -> date | None:
    """Return the first day of Fundata's changes; raises ConfigError if it is not a day, or if the source is another."""
    if text is None:
        return None
    if source != "fundata":
        raise ConfigError("--from applies only to Fundata's updates.", next_step="Add --source fundata.")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--from {text!r} is not a day.", next_step="Write it as YYYY-MM-DD.") from error


def find_target(home: Home) -> GatewayTarget:
    """Return the gateway that GATEWAY_URL names, else the one of the stack that runs on the home.

    Raises ConfigError if there is neither.
    """
    url = read_settings(CommandSettings).gateway_url
    token = read_settings(ServiceSettings).sra_service_token
    running = home.read_running()
    if url is not None:
        own = running if running is not None and running.gateway_url == url.rstrip("/") else None
        known = token.get_secret_value() if token else own.service_token if own else None
        database_url = own.database_url if own else read_settings(DatabaseSettings).dsn
        return GatewayTarget(url.rstrip("/"), known, database_url)
    if running is None:
        raise ConfigError(
            "No gateway is known.", next_step="Start the stack with ./sra up, or set GATEWAY_URL and SRA_SERVICE_TOKEN."
        )
    return GatewayTarget(running.gateway_url, running.service_token, running.database_url)


def make_result(state: Mapping[str, Any], target: GatewayTarget) -> dict[str, Any]:
    """Return the documented object of `refresh`."""
    return {
        "status": state["status"],
        "refresh_id": state["refresh_id"],
        "seconds": state["seconds"] or 0.0,
        "database_url": target.database_url,
        "gateway_url": target.gateway_url,
        "steps": [{key: step.get(key) for key in STEP_KEYS} for step in state["steps"]],
    }
