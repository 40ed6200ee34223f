"""Every setting of the product, declared once; nothing else reads the environment.

Composition roots (a service's `main.py`, the command line) make these objects and hand values on. `.env.example` and
the settings table of the README are written from the declarations below.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from sra_shared.dsn import build_dsn, normalise_dsn
from sra_shared.errors import ConfigError

# tokens that docker-compose.yml shows to everybody begin so
SANDBOX_TOKEN_PREFIX = "sandbox-only"  # noqa: S105 - public on purpose


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, case_sensitive=False)


class DatabaseSettings(_Settings):
    """Where the database is: one address, or its parts. Without either, `./sra` starts an embedded PostgreSQL."""

    database_url: SecretStr | None = Field(
        None, description="Address of the database; `postgres://` and `sslmode` are understood."
    )
    db_host: str | None = Field(None, description="Host of the database, where DATABASE_URL is not set.")
    db_port: int = Field(5432, ge=1, le=65535, description="Its port.")
    db_name: str = Field("sra_data", description="Its name.")
    db_user: str = Field("sra", description="The user that owns the tables.")
    db_password: SecretStr | None = Field(None, description="That user's password.")
    db_ssl: str | None = Field(None, description="SSL mode: disable, prefer, require, verify-ca or verify-full.")
    db_pool_min_size: int = Field(5, ge=1, le=100, description="Connections that a service keeps open.")
    db_pool_max_size: int = Field(20, ge=1, le=100, description="Connections that a service opens at most.")
    sra_reader_password: SecretStr | None = Field(
        None, description="Password of the role sra_reader, which the SRA app uses."
    )

    @model_validator(mode="after")
    def check_pool(self) -> Self:
        if self.db_pool_min_size > self.db_pool_max_size:
            raise ValueError("DB_POOL_MIN_SIZE is greater than DB_POOL_MAX_SIZE")
        return self

    @property
    def dsn(self) -> str | None:
        """The one normalised address, or None where no database is set; raises ConfigError where it cannot be read."""
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
        """Return the address; raises ConfigError that names the variable where none is set."""
        dsn = self.dsn
        if dsn is None:
            raise ConfigError("No database is set.", next_step="Set DATABASE_URL, or DB_HOST with its companions.")
        return dsn


class ServiceSettings(_Settings):
    """What every service has: its port, its tokens, its logs."""

    port: int = Field(8080, ge=0, le=65535, description="Port that the service listens on.")
    sra_env: Literal["development", "production"] = Field(
        "development", description="`production` refuses unsafe defaults."
    )
    sra_sandbox: bool = Field(
        False, description="Marks an empty database as a sandbox when it is migrated: made-up data only."
    )
    sra_service_token: SecretStr | None = Field(
        None, description="Token that may trigger and change; services use it among themselves."
    )
    sra_viewer_token: SecretStr | None = Field(None, description="Token that may only read.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least important log line that is written."
    )
    log_format: Literal["json", "console"] = Field("json", description="Form of the log lines.")

    @field_validator("log_level", mode="before")
    @classmethod
    def read_level(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    def check_production(self) -> None:
        """Raise ConfigError that names the variable where a production start would be open to anybody."""
        if self.sra_env != "production":
            return
        for name, token in (("SRA_SERVICE_TOKEN", self.sra_service_token), ("SRA_VIEWER_TOKEN", self.sra_viewer_token)):
            value = token.get_secret_value() if token else ""
            if len(value) < 16 or value.startswith(SANDBOX_TOKEN_PREFIX):
                raise ConfigError(
                    f"{name} is unset, shorter than 16 characters or the public one of the sandbox, and SRA_ENV is production.",
                    next_step=f"Set {name} to a long random text.",
                )
        if self.sra_service_token == self.sra_viewer_token:
            raise ConfigError(
                "SRA_VIEWER_TOKEN equals SRA_SERVICE_TOKEN, so that every viewer could change.",
                next_step="Set two different tokens.",
            )
        if self.sra_sandbox:
            raise ConfigError("SRA_SANDBOX is set and SRA_ENV is production.", next_step="Unset one of them.")


class PeerSettings(_Settings):
    """Where the services find one another."""

    fmp_ingest_url: str = Field(
        "http://127.0.0.1:8081", description="Address of fmp_ingest; a bare host:port is understood."
    )
    fundata_ingest_url: str = Field("http://127.0.0.1:8082", description="Address of fundata_ingest.")
    view_builder_url: str = Field("http://127.0.0.1:8083", description="Address of view_builder.")

    @field_validator("*")
    @classmethod
    def complete_scheme(cls, value: str) -> str:
        return (value if "://" in value else f"http://{value}").rstrip("/")


class ProxySettings(_Settings):
    """What stands between the people and the gateway."""

    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="Proxies before the gateway, whose entries at the end of X-Forwarded-For are believed (Render: 2).",
    )


class LimitSettings(_Settings):
    """How much of a delivery may be wrong."""

    reject_limit: Decimal = Field(
        Decimal("0.001"), ge=0, le=1, description="Share of rejected records above which a run ends as failed."
    )
    drop_limit: Decimal = Field(
        Decimal("0.02"),
        ge=0,
        le=1,
        description="Share of a list, or of a dataset's current records, that may vanish at once before a run is held.",
    )


class FmpSettings(LimitSettings):
    """The FMP account and how hard it may be used."""

    fmp_api_key: SecretStr | None = Field(
        None, description="Key of the FMP account; without it the FMP step is skipped."
    )
    fmp_base_url: str = Field(
        "https://financialmodelingprep.com/stable", description="Base address of FMP's stable API."
    )
    fmp_max_calls_per_minute: int = Field(3000, ge=1, le=100_000, description="Calls in any 60 seconds, at most.")
    fmp_bulk_calls_per_minute: int = Field(
        2, ge=1, le=10_000, description="Calls of bulk endpoints in any 60 seconds, at most."
    )
    fmp_history_years: int = Field(10, ge=0, le=60, description="Years of prices that the first backfill fetches.")
    fmp_backfill_share: Decimal = Field(
        Decimal("0.3"), gt=0, le=1, description="Share of the calls that a backfill may take."
    )


class FundataSettings(LimitSettings):
    """The Fundata licence: the update API and the seed tree."""

    fundata_access_key_id: SecretStr | None = Field(
        None, description="Key of the update API; without it no updates are fetched."
    )
    fundata_secret_access_key: SecretStr | None = Field(None, description="Secret that belongs to it.")
    fundata_auth_url: str = Field(
        "https://authenticate.fundataapi.com", description="Base address of the update API's login."
    )
    fundata_api_url: str = Field("https://dbsync.fundataapi.com", description="Base address of the update API.")
    fundata_overlap_days: int = Field(
        7, ge=0, le=365, description="Days that each update reaches back before the last success."
    )
    fundata_base_path: str = Field(
        "fundata",
        description="Folder of the seed tree; what is fetched from storage goes there, so it is writable then.",
    )
    fundata_data_path: str | None = Field(
        None, description="Its data files, where they are not in `data` below the base."
    )
    fundata_quotes_path: str | None = Field(
        None, description="Its quote files, where they are not in `quotes` below the base."
    )

    @model_validator(mode="after")
    def check_pair(self) -> Self:
        if (self.fundata_access_key_id is None) != (self.fundata_secret_access_key is None):
            raise ValueError("FUNDATA_ACCESS_KEY_ID and FUNDATA_SECRET_ACCESS_KEY are set together or not at all")
        return self


class SeedStorageSettings(_Settings):
    """Where seed files that are not on disk come from."""

    lfs_url: str | None = Field(None, description="Address of a Git LFS server that holds the seed files.")
    lfs_token: SecretStr | None = Field(None, description="Token for it.")
    seed_base_url: str | None = Field(None, description="Endpoint of S3-compatible object storage.")
    seed_bucket: str | None = Field(None, description="Bucket that holds the seed files.")
    seed_region: str = Field("us-east-1", description="Region of the bucket.")
    seed_access_key_id: SecretStr | None = Field(None, description="Key of the object storage.")
    seed_secret_access_key: SecretStr | None = Field(None, description="Secret that belongs to it.")
    seed_manifest: str = Field(
        "manifest.json", description="Object that lists path, size and SHA-256 of every seed file."
    )

    @property
    def has_bucket(self) -> bool:
        """Whether there is object storage."""
        return self.seed_bucket is not None

    @property
    def is_set(self) -> bool:
        """Whether there is any place to fetch from."""
        return self.has_bucket or self.lfs_url is not None

    @model_validator(mode="after")
    def check_pairs(self) -> Self:
        if (self.seed_access_key_id is None) != (self.seed_secret_access_key is None):
            raise ValueError("SEED_ACCESS_KEY_ID and SEED_SECRET_ACCESS_KEY are set together or not at all")
        for name, value in (("SEED_BASE_URL", self.seed_base_url), ("SEED_ACCESS_KEY_ID", self.seed_access_key_id)):
            if value is not None and self.seed_bucket is None:
                raise ValueError(f"{name} is set and SEED_BUCKET is not")
        if self.lfs_token is not None and self.lfs_url is None:
            raise ValueError("LFS_TOKEN is set and LFS_URL is not")
        return self


class ScheduleSettings(_Settings):
    """When the refresh runs, how long it may take, who is told."""

    refresh_cron: str = Field("0 2 * * *", description="When the daily refresh starts.")
    weekly_cron: str = Field("0 2 * * 0", description="When the weekly fundamentals join it.")
    refresh_timezone: str = Field("UTC", description="Time zone of both.")
    refresh_window_minutes: int = Field(
        120, ge=1, le=1440, description="Minutes after which a running refresh is flagged overdue."
    )
    alert_webhook_url: SecretStr | None = Field(
        None, description="Address that is told, in Slack's form, of what wants attention and of its end."
    )
    dashboard_url: str | None = Field(
        None, description="Address under which people open the dashboard: alerts link to it. On Render it is known."
    )
    render_external_url: str | None = Field(
        None, description="Set by Render; links go there where DASHBOARD_URL is not set."
    )
    ledger_retention_days: int = Field(
        400, ge=30, le=3650, description="Days after which ended runs are summed up by month and deleted."
    )

    @property
    def public_url(self) -> str | None:
        """Where people open the dashboard, without a slash at its end."""
        found = self.dashboard_url or self.render_external_url
        return found.rstrip("/") if found else None

    @field_validator("refresh_timezone")
    @classmethod
    def check_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"REFRESH_TIMEZONE {value!r} is no time zone") from error
        return value


SETTINGS_CLASSES: tuple[type[_Settings], ...] = (
    DatabaseSettings,
    ServiceSettings,
    PeerSettings,
    ProxySettings,
    LimitSettings,
    FmpSettings,
    FundataSettings,
    SeedStorageSettings,
    ScheduleSettings,
)


def list_own_fields(kind: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Return the settings that a class declares itself, without those it takes over."""
    return {name: field for name, field in kind.model_fields.items() if name in kind.__annotations__}


def describe_settings_error(error: ValidationError) -> str:
    """Return which variables are wrong and why; their values are not repeated."""
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']).upper() or 'settings'}: {item['msg']}" for item in error.errors()
    )
