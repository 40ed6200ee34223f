"""Compares a database's revision with this code's; separate from migrating, which few processes do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import asyncpg

from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError

_VERSIONS = Path(__file__).parents[2] / "schema" / "migrations" / "versions"


@cache
def _list_revisions() -> tuple[str, ...]:
    """Return all revisions in order. The history is linear, and each file's name begins with its revision.

    Alembic could return the same, but would import itself, SQLAlchemy and every migration in each process that asks.
    """
    revisions = sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
    if not revisions:
        raise ConfigError("The migrations are missing from this installation.", next_step="Install it again.")
    return tuple(revisions)


def read_newest_revision() -> str:
    """Return the revision that this code was written for; raises ConfigError if the migrations are missing."""
    return _list_revisions()[-1]


def is_newer(revision: str) -> bool:
    """Whether a later version of this code made the revision: one that this code does not know must be newer."""
    return revision not in _list_revisions()


def find_next_revision(revision: str | None, target: str) -> str | None:
    """Return the next revision for a database at `revision` (None: an empty one) on its way to `target`, which may be "head".

    None if it has reached or passed the target.
    """
    known = _list_revisions()
    last = len(known) - 1 if target == "head" else known.index(target)
    if revision is None:
        return known[0]
    return known[known.index(revision) + 1] if not is_newer(revision) and known.index(revision) < last else None


def describe_revision(revision: str) -> str:
    """Return the revision of a database in a sentence; a database that is newer than this code is left unchanged."""
    if not is_newer(revision):
        return f"The database is at revision {revision}."
    return (
        f"The database is at revision {revision}, which is newer than this code ({read_newest_revision()}): it is left"
        " unchanged."
    )


async def read_revision(connection: Connection) -> str | None:
    """Return the database's revision, or None if it was never migrated."""
    try:
        revision: str | None = await connection.fetchval("SELECT version_num FROM public.alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return revision


async def require_revision(connection: Connection) -> None:
    """Raise ConfigError if the database is older than this code; a newer one is accepted, since deploys overlap."""
    revision, newest = await read_revision(connection), read_newest_revision()
    if revision is None or (revision != newest and not is_newer(revision)):
        raise ConfigError(
            f"The database is at revision {revision or '(none)'}, but this code needs {newest}.",
            next_step="Run `./sra migrate`.",
        )


async def read_sandbox_mark(connection: Connection) -> bool:
    """Return whether the database is marked as one for made-up data."""
    return bool(await connection.fetchval("SELECT sandbox FROM database_mark"))
