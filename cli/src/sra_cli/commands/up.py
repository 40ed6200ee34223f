"""`./sra up`: starts the whole stack, runs one refresh, and shows the result."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gateway.refresh.schedule import make_schedules
from sra_cli.database import create_database, explain_database
from sra_cli.gateway_client import LIVE, GatewayClient
from sra_cli.home import Home, RunningStack
from sra_cli.migration import migrate_database
from sra_cli.output import EXIT_CONFIG, HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.readiness import StoppedWaitingError, wait_until_ready
from sra_cli.refresh_view import STEP_KEYS, RefreshProgress, render_refresh
from sra_cli.settings import CommandSettings, read_settings
from sra_cli.stack import SERVICES, STAND_IN, StackPlan, plan_children, plan_stack
from sra_cli.supervisor import Supervisor
from sra_shared.kit.database.dsn import redact_dsn
from sra_shared.kit.errors import ConfigError, SraError
from sra_shared.kit.settings import SETTINGS_CLASSES, DatabaseSettings, ScheduleSettings, check_settings

_READY_SECONDS = 90.0
_RETRY_SECONDS = 5.0
_TEND_SECONDS = 0.1

PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Port of the gateway. [default: 8080]")
]
ExitOption = Annotated[bool, typer.Option("--exit-when-done", help="Stop everything after the refresh.")]


def up(
    exit_when_done: ExitOption = False, home: HomeOption = None, port: PortOption = None, as_json: JsonOption = False
) -> None:
    """Start PostgreSQL, the services and, if no vendor key is set, the stand-in; then run one full refresh.

    Without keys, or with SRA_SANDBOX=1, a new database accepts made-up data only: from the built-in stand-in, or from your
    own (./sra stand-in) if keys and addresses point to it.

    Data, tokens and logs are stored under the home. Without --exit-when-done the stack runs until Ctrl-C or `./sra down`.
    """
    output = Output(as_json=as_json)
    # the services inherit this environment and would fail on it later
    check_settings(*SETTINGS_CLASSES)
    make_schedules(read_settings(ScheduleSettings))
    place = Home(home)
    place.prepare()
    with place.hold() as is_ours:
        if not is_ours:
            _report_running(output, place, exit_when_done=exit_when_done)
        _Up(output, place, exit_when_done=exit_when_done).run(gateway_port=port)


def _report_running(output: Output, home: Home, *, exit_when_done: bool) -> None:
    running = home.read_running()
    shared = home.read_shared_server()
    if shared is not None:
        raise ConfigError(
            f"A command is using the database of {home.path} (process {shared.pid}).",
            next_step="Wait until it finishes.",
        )
    if running is None:
        raise ConfigError(f"Another ./sra is starting on {home.path}.", next_step="Wait for it, or run ./sra down.")
    output.print_note(f"A stack is already running on {home.path} (process {running.pid}).")
    output.print_note(f"  dashboard  {make_link(running)}")
    output.print_note(f"  database   {redact_dsn(running.database_url)}")
    output.print_note("Start a refresh with ./sra refresh; stop the stack with ./sra down.")
    result: dict[str, Any] = {
        "status": "running",
        "refresh_id": None,
        "seconds": 0,
        "database_url": running.database_url,
        "gateway_url": running.gateway_url,
        "steps": [],
    }
    output.finish(result, code=EXIT_CONFIG if exit_when_done else 0)


def make_link(running: RunningStack) -> str:
    try:
        with GatewayClient(running.gateway_url, running.service_token) as client:
            return client.make_login_link()
    except SraError:
        return running.gateway_url


class _Up:
    """One lifetime of the stack. The main thread starts and supervises processes; a second one communicates with them."""

    def __init__(self, output: Output, home: Home, *, exit_when_done: bool) -> None:
        self._output = output
        self._home = home
        self._exit_when_done = exit_when_done
        self._stop = threading.Event()
        self._state: dict[str, Any] | None = None
        self._failure: SraError | None = None
        self._begun = time.monotonic()

    def run(self, *, gateway_port: int | None) -> None:
        """Start, refresh, report; ends the command with the refresh's exit code."""
        plan = plan_stack(self._home, gateway_port=gateway_port)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stop.set())
        server = self._make_server()
        supervisor = Supervisor(report=self._output.print_note, server=server)
        try:
            database_url = self._prepare_database(server, plan)
            supervisor.start(plan_children(plan, self._home, database_url))
            stack = self._announce(plan, database_url)
            status = self._refresh(supervisor, stack)
            if not self._exit_when_done:
                self._supervise(supervisor, stack)
        finally:
            supervisor.stop()  # before any output, which fails if the reader is gone
            self._output.print_note("Stopped.")
        raise typer.Exit(choose_exit_code(status))

    def _make_server(self) -> EmbeddedPostgres | None:
        if read_settings(DatabaseSettings).dsn is not None:
            return None
        return EmbeddedPostgres(self._home.path, pg_bin=read_settings(CommandSettings).pg_bin)

    def _prepare_database(self, server: EmbeddedPostgres | None, plan: StackPlan) -> str:
        if server is None:
            database_url = read_settings(DatabaseSettings).require_dsn()
        else:
            server.start()
            database_url = asyncio.run(create_database(server))
            assert server.binaries is not None  # noqa: S101  (start has chosen them)
            self._output.print_note(
                f"PostgreSQL {server.binaries.major} ({server.binaries.origin}) runs on {server.data_folder}"
            )
        with explain_database(database_url):
            state = asyncio.run(migrate_database(database_url, sandbox=plan.is_sandbox))
        plan.check_vendors(is_sandbox=state.sandbox)
        for line in state.describe():
            self._output.print_note(line)
        return database_url

    def _announce(self, plan: StackPlan, database_url: str) -> RunningStack:
        stack = RunningStack(
            pid=os.getpid(),
            gateway_url=plan.build_url("gateway"),
            database_url=database_url,
            service_token=plan.settings["SRA_SERVICE_TOKEN"],
            urls={name: plan.build_url(name) for name in SERVICES},
            stand_in_port=plan.ports.get(STAND_IN),
        )
        self._home.write_running(stack)
        sources = ", with the stand-in for the vendors" if plan.has_stand_in else ""
        self._output.print_note(f"Starting {', '.join(SERVICES)}{sources}; logs: {self._home.logs}")
        return stack

    def _refresh(self, supervisor: Supervisor, stack: RunningStack) -> str:
        """Run the refresh in a second thread and supervise the processes meanwhile; return its status."""
        talker = threading.Thread(target=self._run_refresh, args=(stack,), name="refresh", daemon=True)
        talker.start()
        while talker.is_alive() and not self._stop.is_set():
            supervisor.restart_dead()
            talker.join(_TEND_SECONDS)
        if self._failure is not None:
            raise self._failure
        state = self._state or {"status": "cancelled", "refresh_id": None, "steps": []}
        if self._stop.is_set() and state["status"] in LIVE:
            state = {**state, "status": "cancelled"}
        result: dict[str, Any] = {
            "status": state["status"],
            "refresh_id": state["refresh_id"],
            "seconds": round(time.monotonic() - self._begun, 3),
            "database_url": stack.database_url,
            "gateway_url": stack.gateway_url,
            "steps": [{key: step.get(key) for key in STEP_KEYS} for step in state["steps"]],
        }
        self._output.show(result, render=lambda: render_refresh(result))
        return str(result["status"])

    def _run_refresh(self, stack: RunningStack) -> None:
        try:
            wait_until_ready(
                stack.urls,
                seconds=_READY_SECONDS,
                stop=self._stop,
                on_ready=lambda name: self._output.print_note(f"  {name}: ready at {stack.urls[name]}"),
            )
            with (
                GatewayClient(stack.gateway_url, stack.service_token) as client,
                RefreshProgress(self._output.notes) as progress,
            ):
                self._state = client.trigger_refresh(retry_seconds=_RETRY_SECONDS)

                def take(state: Mapping[str, Any]) -> None:
                    self._state = dict(state)
                    progress.update(state)

                self._state = client.follow_refresh(str(self._state["refresh_id"]), on_change=take)
        except StoppedWaitingError:
            return
        except SraError as error:
            self._failure = error

    def _supervise(self, supervisor: Supervisor, stack: RunningStack) -> None:
        if not self._stop.is_set():
            self._output.print_note(f"Dashboard: {make_link(stack)}")
            self._output.print_note("The link logs in once, within ten minutes; `./sra up` again prints a new one.")
            self._output.print_note(f"Database:  {redact_dsn(stack.database_url)} (./sra psql)")
            self._output.print_note("Ctrl-C or ./sra down stops everything.")
        while not self._stop.wait(_TEND_SECONDS):
            supervisor.restart_dead()
