"""A compose project as the container tests drive it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import docker
import httpx

ROOT = Path(__file__).resolve().parents[3]
Result = TypeVar("Result")
TOKEN = "sandbox-only-service-token"


class Stack:
    """A compose project under a name and a port of its own."""

    def __init__(self, project: str, port: int) -> None:
        self.project, self.port = project, port
        self.engine = docker.from_env()
        self.url = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

    def compose(self, *arguments: str, timeout: float = 600) -> str:
        """Run docker compose and return what it prints; fails with its whole output."""
        settings = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - for the docker command
            if name.startswith(("PATH", "HOME", "DOCKER", "SSL"))
        }
        done = subprocess.run(
            ["docker", "compose", "-p", self.project, *arguments],
            cwd=ROOT,
            env={**settings, "GATEWAY_PORT": str(self.port)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, (
            f"docker compose {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}\n{self.read_logs()}"
        )
        return done.stdout

    def read_logs(self) -> str:
        """Return the end of every container's log."""
        return "\n".join(
            f"== {container.name} ({container.status})\n{container.logs(tail=40).decode(errors='replace')}"
            for container in self.containers()
        )

    def containers(self, service: str | None = None) -> list[docker.models.containers.Container]:
        """Return the project's containers, of one service where it is named."""
        labels = [f"com.docker.compose.project={self.project}"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        found: list[docker.models.containers.Container] = self.engine.containers.list(
            all=True, filters={"label": labels}
        )
        return found

    def query(self, sql: str) -> str:
        """Return what psql prints for a query, unaligned and without headers."""
        return self.compose(
            "exec", "-T", "postgres", "psql", "-U", "sra_owner", "-d", "sra_data", "-AtX", "-c", sql
        ).strip()

    def hold_the_day(self) -> None:
        """Keep the stand-in at today, so that a midnight in between changes nothing."""
        script = (
            "import json, urllib.request as u;"
            f"body = json.dumps({{'date': '{datetime.now(UTC).date()}'}}).encode();"
            "u.urlopen(u.Request('http://127.0.0.1:8090/control/as-of', body, {'Content-Type': 'application/json'}))"
        )
        self.compose("exec", "-T", "stand_in", "python", "-c", script)

    def refresh(self) -> dict[str, object]:
        """Trigger a refresh through the published gateway and return how it ended."""
        started = self.http.post("/refresh", json={"retry_seconds": 5})
        assert started.status_code in (200, 202), started.text
        return self.follow(started.json()["refresh_id"])

    def follow(self, refresh_id: str) -> dict[str, object]:
        """Wait until a refresh has ended."""

        def ended() -> dict[str, object] | None:
            try:
                answer = self.http.get(f"/refresh/{refresh_id}")
            except httpx.TransportError:
                return None
            if answer.status_code >= 500:
                return None
            state: dict[str, object] = answer.json()
            return None if state["status"] in ("queued", "running", "parked") else state

        return wait_for(ended, "the refresh to end", seconds=420, on_timeout=self.read_logs)


def wait_for(
    probe: Callable[[], Result | None], what: str, *, seconds: float, on_timeout: Callable[[], str] = str
) -> Result:
    """Ask until the probe gives something; fails with what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.\n{on_timeout()}")
