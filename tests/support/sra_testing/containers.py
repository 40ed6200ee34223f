"""Controls a compose project for the container tests."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import docker
import httpx
from docker.models.containers import Container

ROOT = Path(__file__).resolve().parents[3]
Result = TypeVar("Result")
TOKEN = "sandbox-only-service-token"
SERVICES = ("gateway", "fmp_ingest", "fundata_ingest", "view_builder")
ADMINISTRATOR, OWNER = ("-U", "postgres"), ("-U", "sra_owner")


def make_far_cron() -> str:
    """Return a schedule half a year away, so that no slot falls into a test."""
    return f"0 0 1 {(datetime.now(UTC).month + 5) % 12 + 1} *"


class Stack:
    """A compose project with its own name and port; `settings` are the content of its only `.env`."""

    def __init__(self, project: str, port: int, settings: Mapping[str, str] | None = None) -> None:
        self.project, self.port = project, port
        cron = make_far_cron()
        self.settings = {"GATEWAY_PORT": str(port), "REFRESH_CRON": cron, "WEEKLY_CRON": cron, **(settings or {})}
        self.engine = docker.from_env()
        self.url = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {self.settings.get('SRA_SERVICE_TOKEN', TOKEN)}"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def _run(
        self, arguments: tuple[str, ...], timeout: float, given: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        own = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - for the docker command
            if name.startswith(("PATH", "HOME", "DOCKER", "SSL"))
        }
        return subprocess.run(
            ["docker", "compose", "--env-file", "/dev/null", "-p", self.project, *arguments],
            cwd=ROOT,
            env={**own, **self.settings},
            input=given if given is not None else b"",
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    def call_compose(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run docker compose and return the completed process."""
        done = self._run(arguments, timeout)
        said, result = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, said, result)

    def call_bytes(self, *arguments: str, given: bytes | None = None) -> bytes:
        """Run docker compose with bytes as its input, and return the bytes that it prints."""
        done = self._run(arguments, 600, given)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def compose(self, *arguments: str, timeout: float = 600) -> str:
        """Run docker compose and return its output; fails with the whole output."""
        done = self.call_compose(*arguments, timeout=timeout)
        assert done.returncode == 0, (
            f"docker compose {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}\n{self.read_logs()}"
        )
        return done.stdout

    def start(self, *services: str, options: tuple[str, ...] = ()) -> None:
        """Start services, all by default, and wait until they are healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "240", *options, *services)

    def read_logs(self) -> str:
        """Return the end of every container's log."""
        return "\n".join(
            f"== {container.name} ({container.status})\n{container.logs(tail=40).decode(errors='replace')}"
            for container in self.containers()
        )

    def containers(self, service: str | None = None) -> list[Container]:
        """Return the project's containers, or those of one service."""
        labels = [f"com.docker.compose.project={self.project}"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        found: list[Container] = self.engine.containers.list(all=True, filters={"label": labels})
        return found

    def call_psql(self, *words: str) -> str:
        """Return psql's output, unaligned and without headers."""
        return self.compose(
            "exec", "-T", "postgres", "psql", *ADMINISTRATOR, "-AtX", "-v", "ON_ERROR_STOP=1", *words
        ).strip()

    def query(self, sql: str) -> str:
        """Return the result of a query on the product's database."""
        return self.call_psql("-d", "sra_data", "-c", sql)

    def call_as_reader(self, password: str, sql: str) -> subprocess.CompletedProcess[str]:
        """Query as the SRA app does, as sra_reader over the network with that password; return the completed process."""
        login = ("-h", "postgres", "-U", "sra_reader", "-d", "sra_data")
        given = ("-e", f"PGPASSWORD={password}")
        return self.call_compose("exec", "-T", *given, "postgres", "psql", *login, "-AtX", "-c", sql)

    def read_as_reader(self, password: str, sql: str) -> str:
        """Return the result of a query of the SRA app."""
        done = self.call_as_reader(password, sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def wait_until(self, condition: str, *, seconds: float) -> None:
        """Wait for a condition in the database server itself, so that it is noticed with hardly any delay."""
        self.query(
            f"SET statement_timeout = '{seconds:.0f}s'; DO $$ BEGIN WHILE NOT ({condition}) LOOP"
            " PERFORM pg_sleep(0.02); END LOOP; END $$"
        )

    @contextmanager
    def hold_lock(self, name: str, *, seconds: float) -> Iterator[None]:
        """Hold a lock of the product, so that others wait for it until the context ends or the server does."""
        (database,) = self.containers("postgres")
        holder = "holds a lock"
        statements = (
            f"SET application_name = '{holder}'",
            "BEGIN",
            f"SELECT sra_take_locks(ARRAY['{name}'], {seconds})",
            f"SELECT pg_sleep({seconds})",
        )
        words = [word for statement in statements for word in ("-c", statement)]
        database.exec_run(["psql", *OWNER, "-d", "sra_data", "-AtX", *words], detach=True)
        session = f"FROM pg_stat_activity WHERE application_name = '{holder}'"
        held = f"SELECT EXISTS (SELECT {session} AND query LIKE 'SELECT pg_sleep%')"
        try:
            wait_for(lambda: self.query(held) == "t", "the lock to be held", seconds=seconds)
            yield
        finally:
            self.query(f"SELECT pg_terminate_backend(pid) {session}")

    def empty_database(self) -> None:
        """Start the services on a database that was never migrated, as on the first day."""
        self.compose("stop", *SERVICES)
        self.call_psql("-d", "postgres", "-c", "DROP DATABASE sra_data WITH (FORCE)", "-c", "CREATE DATABASE sra_data")
        self.start(*SERVICES)

    def hold_day(self, day: date) -> None:
        """Fix the stand-in's date, so that midnight during a test changes nothing."""
        script = (
            "import json, urllib.request as u;"
            f"body = json.dumps({{'date': '{day}'}}).encode();"
            "u.urlopen(u.Request('http://127.0.0.1:8090/control/as-of', body, {'Content-Type': 'application/json'}))"
        )
        self.compose("exec", "-T", "stand_in", "python", "-c", script)

    def trigger(self, **body: object) -> str:
        """Trigger a refresh through the published gateway and return its id."""
        started = self.http.post("/refresh", json={"retry_seconds": 5, **body})
        assert started.status_code in (200, 202), started.text
        refresh_id: str = started.json()["refresh_id"]
        return refresh_id

    def follow(self, refresh_id: str) -> dict[str, object]:
        """Wait until a refresh has finished and return its status."""

        def ended() -> dict[str, object] | None:
            try:
                response = self.http.get(f"/refresh/{refresh_id}")
            except httpx.TransportError:
                return None
            if response.status_code >= 500:
                return None
            state: dict[str, object] = response.json()
            return None if state["status"] in ("queued", "running", "parked") else state

        return wait_for(ended, "the refresh to end", seconds=420, on_timeout=self.read_logs)

    def kill(self, service: str) -> None:
        """Kill the main process of a service's only container from outside, and wait until the engine restarts it."""
        (container,) = self.containers(service)
        container.reload()
        before = container.attrs
        os.kill(before["State"]["Pid"], signal.SIGKILL)

        def came_back() -> bool:
            container.reload()
            after = container.attrs
            return bool(
                after["RestartCount"] > before["RestartCount"]
                and after["State"]["StartedAt"] > before["State"]["StartedAt"]
                and after["State"]["Health"]["Status"] == "healthy"
            )

        wait_for(came_back, f"{service} to come back", seconds=60, on_timeout=self.read_logs)

    def remove(self) -> None:
        """Remove everything, including volumes."""
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "10")
        self.http.close()


def wait_for(
    probe: Callable[[], Result | None], what: str, *, seconds: float, on_timeout: Callable[[], str] = str
) -> Result:
    """Poll until the probe returns a value; fails with a description of what was awaited."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.\n{on_timeout()}")
