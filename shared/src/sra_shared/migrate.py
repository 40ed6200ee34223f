"""Migrates a database to the newest revision."""

from __future__ import annotations

import asyncio
import sys

import asyncpg

from sra_shared.kit.database.database_check import require_fit_database, require_rights_to_migrate
from sra_shared.kit.database.database_errors import explain_database_error
from sra_shared.kit.database.dsn import read_password
from sra_shared.kit.database.reader_roles import ReaderState, describe_reader, set_up_reader
from sra_shared.kit.database.revision import (
    describe_revision,
    is_newer,
    read_newest_revision,
    read_revision,
    read_sandbox_mark,
)
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import configure_logs, get_logger, hide_secrets
from sra_shared.kit.settings import AdministratorSettings, DatabaseSettings, ServiceSettings, check_settings
from sra_shared.schema.administration import prepare_database

_OLDEST_MAJOR = 15


async def upgrade_database(dsn: str, *, sandbox: bool = False, revision: str = "head") -> str:
    """Migrate under a lock, so that concurrent starts do not collide, and return the revision reached.

    A database that later code migrated is left as it is, so that a deploy can be rolled back. `sandbox` marks an empty
    database as one for made-up data. Raises ConfigError if the server is too old, if the database cannot hold our data or
    lacks a right, and if a non-empty database would change its kind.
    """
    if revision == "head":
        reached = await _find_finished(dsn, sandbox=sandbox)
        if reached is not None:
            return reached
    # SQLAlchemy, Alembic and all migrations take half a second of CPU time
    from sra_shared.schema.upgrade import upgrade  # noqa: PLC0415

    return await upgrade(dsn, sandbox=sandbox, revision=revision)


async def _find_finished(dsn: str, *, sandbox: bool) -> str | None:
    """Return the revision of a database that needs nothing; None if there is something to do or to refuse.

    Raises ConfigError if its encoding, its session settings or a missing right prevent a migration.
    """
    connection = await open_connection(dsn, application_name="sra:migrate")
    try:
        await require_fit_database(connection)
        try:
            revision = await read_revision(connection)
        except asyncpg.InsufficientPrivilegeError:
            revision = None
        if revision is None or not (revision == read_newest_revision() or is_newer(revision)):
            await require_rights_to_migrate(connection)
            return None
        is_refused = connection.get_server_version().major < _OLDEST_MAJOR or (
            sandbox and not await read_sandbox_mark(connection)
        )
        return None if is_refused else revision
    finally:
        await connection.close()


async def _migrate(
    dsn: str, database: DatabaseSettings, administrator: AdministratorSettings, *, sandbox: bool
) -> tuple[str, ReaderState]:
    await prepare_database(database, administrator)
    revision = await upgrade_database(dsn, sandbox=sandbox)
    password = database.sra_reader_password.get_secret_value() if database.sra_reader_password else None
    return revision, await set_up_reader(dsn, password, max_seconds=database.sra_reader_max_seconds)


def main() -> int:
    """Migrate the configured database, as the first step of a deploy, and set the password of sra_reader.

    Steps left for an administrator are printed to stdout and do not fail the deploy.
    """
    try:
        check_settings(DatabaseSettings, AdministratorSettings, ServiceSettings)
        database, administrator, service = DatabaseSettings(), AdministratorSettings(), ServiceSettings()
        dsn = database.require_dsn()
    except ConfigError as error:
        sys.stderr.write(f"migrate does not start: {error}\n")
        return error.exit_code
    hide_secrets([read_password(dsn)])
    configure_logs(service="migrate", level=service.log_level, form=service.log_format)
    log = get_logger(__name__)
    try:
        revision, reader = asyncio.run(_migrate(dsn, database, administrator, sandbox=service.sra_sandbox))
    except Exception as error:  # explained here or raised again
        explained = explain_database_error(error, dsn)
        if explained is None:
            raise
        event = "migration_refused" if explained.exit_code == ConfigError.exit_code else "migration_failed"
        log.error(event, message=explained.message, next_step=explained.next_step)
        return explained.exit_code
    log.info("migrated", revision=revision, newer_than_code=is_newer(revision), reader_ready=reader.ready)
    for line in (describe_revision(revision), *describe_reader(reader)):
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
