"""Migrates a database to the newest revision and prepares the role of the SRA app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from fmp_ingest.collection.trading_sessions import store_sessions
from sra_cli.ledger_view import list_odd_keys
from sra_cli.settings import read_settings
from sra_shared.kit.database.reader_roles import ReaderState, describe_reader, set_up_reader
from sra_shared.kit.database.revision import describe_revision, read_sandbox_mark
from sra_shared.kit.db import open_connection
from sra_shared.kit.settings import AdministratorSettings, DatabaseSettings, FmpSettings
from sra_shared.migrate import upgrade_database
from sra_shared.schema.administration import prepare_database
from view_builder.inprocess import define_missing_views


@dataclass(frozen=True)
class MigratedDatabase:
    """The state of a database after migrating."""

    revision: str
    sandbox: bool
    reader: ReaderState
    odd_keys: list[str]

    def describe(self) -> list[str]:
        """Return the state in sentences, with the remaining steps before the SRA app can read."""
        kind = ["It is a sandbox: made-up data only."] if self.sandbox else []
        return [" ".join([describe_revision(self.revision), *kind]), *describe_reader(self.reader), *self.odd_keys]


async def migrate_database(dsn: str, *, sandbox: bool) -> MigratedDatabase:
    """Migrate, mark an empty database as a sandbox if requested, and prepare the role of the SRA app.

    Also defines the views and stores the trading sessions of the exchanges, which freshness is measured by. Raises
    ConfigError if the server is too old or the database is for another kind of data.
    """
    database = read_settings(DatabaseSettings)
    if database.dsn == dsn:
        await prepare_database(database, read_settings(AdministratorSettings))
    revision = await upgrade_database(dsn, sandbox=sandbox)
    await define_missing_views(dsn)
    password = database.sra_reader_password.get_secret_value() if database.sra_reader_password else None
    reader = await set_up_reader(dsn, password, max_seconds=database.sra_reader_max_seconds)
    connection = await open_connection(dsn, application_name="sra:migrate")
    try:
        years = read_settings(FmpSettings).fmp_history_years
        await store_sessions(connection, today=datetime.now(UTC).date(), years=years)
        is_sandbox, odd_keys = await read_sandbox_mark(connection), await list_odd_keys(connection)
        return MigratedDatabase(revision, is_sandbox, reader, odd_keys)
    finally:
        await connection.close()
