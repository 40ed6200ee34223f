"""The services behind the gateway, started once in a module; each test has a gateway of its own.

A module that uses them runs its tests in a loop of the module, `pytestmark = pytest.mark.asyncio(loop_scope="module")`,
and has `lab_pool` as its `pool`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import Pool
from sra_testing.databases import create_database, drop_database
from sra_testing.gateway_lab import Lab
from sra_testing.shared_lab import SharedLab, open_shared_lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_lab(postgres_server: EmbeddedPostgres, database_template: str) -> AsyncIterator[SharedLab]:
    """The services on their own database; use `services` or `lab`, which clear what a test left."""
    dsn = create_database(postgres_server, template=database_template)
    async with open_shared_lab(dsn) as shared:
        yield shared
    drop_database(postgres_server, dsn)


@pytest_asyncio.fixture(loop_scope="module")
async def services(shared_lab: SharedLab) -> Lab:
    """The services on an empty database, without a gateway."""
    await shared_lab.clear()
    return shared_lab.lab


@pytest.fixture
def lab_pool(services: Lab, shared_lab: SharedLab) -> Pool:
    """Connections to the database of the services, which is empty when they are lent."""
    return shared_lab.pool


@pytest_asyncio.fixture(loop_scope="module")
async def lab(services: Lab) -> AsyncIterator[Lab]:
    """The services on an empty database, and a gateway."""
    async with services.run_gateway():
        yield services
