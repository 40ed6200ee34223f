"""One compose project for the container tests: built, started, torn down with its volumes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime

import docker
import pytest
from docker.errors import DockerException

from sra_cli.ports import find_free_port
from sra_testing.containers import Stack


@pytest.fixture(scope="session")
def built() -> Stack:
    """The project with its images built."""
    try:
        docker.from_env().ping()
    except DockerException as error:
        pytest.fail(f"no container engine answers: {error}")
    made = Stack(f"sra-test-{uuid.uuid4().hex[:6]}", find_free_port())
    made.compose("build", timeout=1200)
    return made


@pytest.fixture(scope="session")
def day() -> date:
    """The day of the stand-ins, the same for all that is compared."""
    return datetime.now(UTC).date()


@pytest.fixture(scope="session")
def stack(built: Stack, day: date) -> Iterator[Stack]:
    """The whole demonstration as `docker compose up` starts it, but with three replicas of one service."""
    try:
        built.start("stand_in")
        built.hold_day(day)
        built.start(options=("--scale", "fundata_ingest=3"))
        yield built
    finally:
        built.remove()
