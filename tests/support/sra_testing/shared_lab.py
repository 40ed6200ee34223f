"""The small services of a whole module, which each test finds as if they had just been started on a new database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sra_shared.kit.db import Pool, open_pool
from sra_testing.clearing import Baseline, clear_database, read_baseline
from sra_testing.gateway_lab import Lab, open_lab


@dataclass(frozen=True)
class SharedLab:
    """Services without a gateway, which are reset for each test, and connections to their database."""

    lab: Lab
    pool: Pool
    baseline: Baseline

    async def clear(self) -> None:
        """Stop the gateway, end active runs, empty the database and the script, and start stopped services."""
        lab = self.lab
        lab.script.go.set()
        await lab.start_missing()
        # no completion that is about to be deleted may cause a build in the meantime
        async with lab.script.building:
            # runs whose rows are gone end on their own, and the second pass removes what they wrote last
            for _ in range(2):
                await lab.wait_until_idle()
                async with self.pool.acquire() as connection:
                    await clear_database(connection, self.baseline)
            await lab.wait_until_idle()
        lab.script.reset()
        lab.http.cookies.clear()


@asynccontextmanager
async def open_shared_lab(dsn: str) -> AsyncIterator[SharedLab]:
    """Start the services on a migrated, empty database; stop them at the end."""
    pool = await open_pool(dsn, application_name="test", min_size=1, max_size=8)
    try:
        async with pool.acquire() as connection:
            baseline = await read_baseline(connection)
        async with open_lab(dsn, gateway=False) as lab:
            yield SharedLab(lab, pool, baseline)
    finally:
        await pool.close()
