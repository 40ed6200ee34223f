"""Fixtures of the tests that fetch seed files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sra_testing.seed_storage import make_bucket, serve_s3


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of a real S3 server."""
    with serve_s3() as url:
        yield url


@pytest.fixture
def bucket(s3_server: str) -> Iterator[Any]:
    """An empty bucket named `seed`."""
    with make_bucket(s3_server) as made:
        yield made
