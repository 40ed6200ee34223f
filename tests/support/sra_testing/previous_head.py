"""The database that earlier code migrated and filled, as scripts/make_previous_database wrote it."""

from __future__ import annotations

import lzma
from pathlib import Path

import asyncpg

from sra_shared.kit.database.reader_limits import READER

DUMP = Path(__file__).resolve().parents[2] / "postgres" / "previous_head.sql.xz"
REVISION = "0015"
"""The migration head of the dump; changes with the dump."""
# the rows of partitions are counted with their parents
_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', 'jobs')
"""


async def load_previous_head(dsn: str) -> None:
    """Load the dump into an empty database; creates the reader's role, which the dump grants to, if it is missing."""
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", READER):
            await connection.execute(f'CREATE ROLE "{READER}"')
        await connection.execute(lzma.decompress(DUMP.read_bytes()).decode())
    finally:
        await connection.close()


async def count_rows(dsn: str) -> dict[str, int]:
    """Return how many rows each raw table, ledger and queue holds, by name."""
    connection = await asyncpg.connect(dsn)
    try:
        names = [row[0] for row in await connection.fetch(_TABLES)]
        return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}  # noqa: S608
    finally:
        await connection.close()
