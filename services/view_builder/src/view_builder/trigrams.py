"""The extension pg_trgm, by which searches find misspelt names; without it they find whole words and beginnings."""

from __future__ import annotations

import asyncpg

from sra_shared.kit.db import Connection

SQL_IS_IN_PUBLIC = "SELECT extnamespace = 'public'::regnamespace FROM pg_extension WHERE extname = 'pg_trgm'"
_UNAVAILABLE = (
    "Searches do not find misspelt names, because the extension pg_trgm is not installed: an administrator must run"
    " CREATE EXTENSION pg_trgm WITH SCHEMA public; the next build of security_search then uses it."
)


async def provide_trigrams(connection: Connection) -> bool:
    """Return whether the extension is in schema public; create it there if the server has it and our role may."""
    is_in_public: bool | None = await connection.fetchval(SQL_IS_IN_PUBLIC)
    if is_in_public is not None:
        return is_in_public
    try:
        async with connection.transaction():
            await connection.execute("CREATE EXTENSION pg_trgm WITH SCHEMA public")
    except (
        asyncpg.InsufficientPrivilegeError,
        asyncpg.FeatureNotSupportedError,
        asyncpg.UndefinedFileError,
        # another process creates it
        asyncpg.UniqueViolationError,
    ):
        return False
    return True


class SearchReport:
    """The warning of the readiness report that searches find no misspelt names."""

    def __init__(self) -> None:
        self._warnings: tuple[str, ...] = ()

    def list_warnings(self) -> tuple[str, ...]:
        """Return the last known state without looking."""
        return self._warnings

    async def poll(self, connection: Connection) -> None:
        """Look whether the extension is there."""
        self._warnings = () if await connection.fetchval(SQL_IS_IN_PUBLIC) else (_UNAVAILABLE,)
