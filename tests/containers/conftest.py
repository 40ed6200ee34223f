"""One compose project for the container tests: built, started, torn down with its volumes."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator

import docker
import pytest
from docker.errors import DockerException

from sra_cli.postgres import find_free_port
from sra_testing.containers import Stack


@pytest.fixture(scope="session")
def built() -> Stack:
    """The project with its images built."""
    if shutil.which("docker") is None:
        pytest.skip("no docker command")
    try:
        docker.from_env().ping()
    except DockerException:
        pytest.skip("no container engine answers")
    made = Stack(f"sra-test-{uuid.uuid4().hex[:6]}", find_free_port())
    made.compose("build", timeout=1200)
    return made


@pytest.fixture(scope="session")
def stack(built: Stack) -> Iterator[Stack]:
    """The whole system in containers, healthy."""
    try:
        built.compose("up", "--detach", "--wait", "--wait-timeout", "180")
        built.hold_the_day()
        yield built
    finally:
        built.compose("down", "--volumes", "--timeout", "10")
        built.http.close()
