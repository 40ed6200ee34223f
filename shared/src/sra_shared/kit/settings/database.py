"""Settings of the database."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sra_shared.kit.database.dsn import build_dsn, normalise_dsn
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.setting_kinds import HostName, Key, Name, Password, SslMode
from sra_shared.kit.settings.environment import EnvironmentSettings

READER_SECONDS = 120


class DatabaseSettings(EnvironmentSettings):
    """Where the database is: one address, or its parts. Without either, `./sra` starts an embedded PostgreSQL."""

    database_url: Key | None = Field(
        None, description="Address of the database, with any parameter of libpq: docs/database_url.md."
    )
    db_host: HostName | None = Field(None, description="Host of the database, if DATABASE_URL is not set.")
    db_port: int = Field(5432, ge=1, le=65535, description="Its port.")
    db_name: Name = Field("sra_data", description="Its name.")
    db_user: Name = Field("sra", description="The user that owns the tables.")
    db_password: Password | None = Field(None, description="That user's password.")
    db_ssl: SslMode | None = Field(None, description="SSL mode: disable, prefer, require, verify-ca or verify-full.")
    db_pool_min_size: int = Field(5, ge=1, le=100, description="Connections that a service keeps open.")
    db_pool_max_size: int = Field(20, ge=1, le=100, description="Maximum number of connections that a service opens.")
    sra_reader_password: Password | None = Field(
        None, description="Password of the role sra_reader, which the SRA app uses."
    )
    sra_reader_max_seconds: int = Field(
        READER_SECONDS,
        ge=1,
        le=86_400,
        description="Maximum seconds of a statement or transaction of sra_reader; a longer one is terminated.",
    )

    @model_validator(mode="after")
    def check_pool(self) -> Self:
        if self.db_pool_min_size > self.db_pool_max_size:
            raise ValueError("DB_POOL_MIN_SIZE is greater than DB_POOL_MAX_SIZE")
        return self

    @model_validator(mode="after")
    def check_address(self) -> Self:
        try:
            self.dsn  # noqa: B018 - read only to raise its error
        except ConfigError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return self

    @property
    def dsn(self) -> str | None:
        """The normalised address, or None if no database is set; raises ConfigError if it is invalid."""
        if self.database_url is not None:
            return normalise_dsn(self.database_url.get_secret_value())
        if self.db_host is None:
            return None
        password = self.db_password.get_secret_value() if self.db_password else None
        return build_dsn(
            host=self.db_host,
            port=self.db_port,
            name=self.db_name,
            user=self.db_user,
            password=password,
            ssl=self.db_ssl,
        )

    def require_dsn(self) -> str:
        """Return the address; raises ConfigError that names the variable if none is set."""
        dsn = self.dsn
        if dsn is None:
            raise ConfigError(
                "No database is set.", next_step="Set DATABASE_URL, or DB_HOST and the other DB_ settings."
            )
        return dsn


class AdministratorSettings(EnvironmentSettings):
    """The superuser of the database's server, for `migrate` only. Without it, migrations use the owner's rights."""

    db_admin_user: Name = Field(
        "postgres", description="Superuser that creates the owner, the roles that read and their limits."
    )
    db_admin_password: Password | None = Field(None, description="That superuser's password; services do not read it.")
