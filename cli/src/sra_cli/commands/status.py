"""`./sra status`: the running stack, the freshness of the data, and problems."""

from __future__ import annotations

import asyncio
from typing import Any

from sra_cli.database import use_database
from sra_cli.gateway_client import GatewayClient
from sra_cli.home import Home
from sra_cli.ledger_view import list_odd_keys, plain, read_freshness
from sra_cli.output import EXIT_FAILED, HomeOption, JsonOption, Output
from sra_cli.settings import CommandSettings, read_settings
from sra_cli.status_view import list_gateway_problems, render_status
from sra_shared.kit.database.dsn import redact_dsn
from sra_shared.kit.database.reader_roles import read_reader_state
from sra_shared.kit.database.revision import is_newer, read_newest_revision, read_revision, read_sandbox_mark
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError, SraError
from sra_shared.kit.settings import DatabaseSettings, ServiceSettings
from sra_shared.runs import ProcessingTask, list_runs


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the stack, the database, the last runs and the freshness of every dataset. Exits 1 if there are problems."""
    output = Output(as_json=as_json)
    place = Home(home)
    with use_database(place) as dsn:
        database, tasks, freshness = asyncio.run(_read_database(dsn))
    gateway = _read_gateway(place)
    problems = [*database["problems"], *gateway["problems"]]
    result = {
        "status": "degraded" if problems else "healthy",
        "problems": problems,
        "database": {key: value for key, value in database.items() if key != "problems"},
        "gateway": gateway["status"],
        "gateway_url": gateway["url"],
        "runs": [task.model_dump(mode="json") for task in tasks],
        "freshness": [plain(row) for row in freshness],
    }
    output.finish(result, code=EXIT_FAILED if problems else 0, render=lambda: render_status(result, tasks, freshness))


async def _read_database(dsn: str) -> tuple[dict[str, Any], list[ProcessingTask], list[dict[str, Any]]]:
    connection = await open_connection(dsn, application_name="sra:status")
    try:
        revision, newest = await read_revision(connection), read_newest_revision()
        facts: dict[str, Any] = {
            "address": redact_dsn(dsn),
            "server": await connection.fetchval("SHOW server_version"),
            "revision": revision,
            "sandbox": None,
            "reader_ready": None,
            "problems": [],
        }
        if revision is None or (revision != newest and not is_newer(revision)):
            facts["problems"].append(f"The database is at revision {revision}, the code at {newest}: ./sra migrate.")
        if revision is None:
            return facts, [], []
        wants_login = read_settings(DatabaseSettings).sra_reader_password is not None
        reader = await read_reader_state(connection, wants_login=wants_login)
        facts["sandbox"], facts["reader_ready"] = await read_sandbox_mark(connection), reader.ready
        if not reader.ready:
            facts["problems"].append("The role sra_reader is not ready; run: " + "; ".join(reader.statements))
        facts["problems"] += await list_odd_keys(connection)
        return facts, await list_runs(connection, limit=10), await read_freshness(connection)
    finally:
        await connection.close()


def _read_gateway(home: Home) -> dict[str, Any]:
    running = home.read_running()
    url = running.gateway_url if running else read_settings(CommandSettings).gateway_url
    if url is None:
        return {"url": None, "status": None, "problems": []}
    secret = read_settings(ServiceSettings).sra_service_token
    token = running.service_token if running else secret.get_secret_value() if secret else None
    try:
        with GatewayClient(url, token) as client:
            status = client.read_status()
    except ConfigError as error:
        return {"url": url, "status": None, "problems": [str(error)]}
    except SraError as error:
        return {"url": url, "status": None, "problems": [error.message]}
    return {"url": url, "status": status, "problems": list_gateway_problems(status)}
