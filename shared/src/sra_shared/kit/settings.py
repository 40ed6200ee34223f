"""All settings of the product, declared once; nothing else reads the environment.

Composition roots (a service's `main.py`, the command line) create these objects and pass values on. `.env.example` and the
README's table of settings are generated from the declarations below.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from sra_shared.kit.database.dsn import build_dsn, normalise_dsn
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.named_tokens import SERVICE, VIEWER, NamedToken, Role, parse_tokens
from sra_shared.kit.setting_kinds import (
    Bucket,
    CertificateFile,
    Folder,
    HostName,
    Key,
    LakeAddress,
    Name,
    NoProxy,
    Password,
    Proxy,
    Region,
    SslMode,
    Text,
    Token,
    TokenList,
    Url,
    UrlWithLogin,
    Webhook,
)
from sra_shared.kit.tokens import check_strength

READER_SECONDS = 120


class EnvironmentSettings(BaseSettings):
    """Settings read from the environment: surrounding blanks are ignored, and a value of only blanks is not set."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, case_sensitive=False, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def trim_values(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        return {name: value for name, value in trimmed.items() if value != "" or given[name] == ""}


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


class ServiceSettings(EnvironmentSettings):
    """What every service has: its port, its tokens, its logs."""

    port: int = Field(8080, ge=0, le=65535, description="Port that the service listens on.")
    sra_env: Literal["development", "production"] = Field(
        "development", description="`production` refuses unsafe defaults."
    )
    sra_sandbox: bool = Field(
        False, description="Marks an empty database as a sandbox when it is migrated: made-up data only."
    )
    sra_service_token: Token | None = Field(
        None, description="Token that may trigger and change; services also use it to call each other."
    )
    sra_viewer_token: Token | None = Field(None, description="Token that may only read.")
    sra_tokens: TokenList | None = Field(
        None,
        description="Further tokens as `name:role:token`, separated by commas; the role is viewer or operator.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Lowest level of the log lines that are written."
    )
    log_format: Literal["json", "console"] = Field("json", description="Format of the log lines.")

    @field_validator("log_level", mode="before")
    @classmethod
    def read_level(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def check_named_tokens(self) -> Self:
        for name, token in (("SRA_SERVICE_TOKEN", self.sra_service_token), ("SRA_VIEWER_TOKEN", self.sra_viewer_token)):
            if token is not None and any(token.get_secret_value() == named.value for named in self._list_named()):
                raise ValueError(f"SRA_TOKENS repeats the token of {name}. Give each entry a different token")
        return self

    def list_tokens(self) -> list[NamedToken]:
        """Return all valid tokens, the two unnamed ones as `service` and `viewer`."""
        known = ((SERVICE, Role.OPERATOR, self.sra_service_token), (VIEWER, Role.VIEWER, self.sra_viewer_token))
        own = [NamedToken(name, role, token.get_secret_value()) for name, role, token in known if token is not None]
        return [*own, *self._list_named()]

    def _list_named(self) -> list[NamedToken]:
        return parse_tokens(self.sra_tokens.get_secret_value()) if self.sra_tokens is not None else []

    def check_production(self) -> None:
        """Raise ConfigError that names the variable if a production start would be open to anybody."""
        if self.sra_env != "production":
            return
        own = (("SRA_SERVICE_TOKEN", self.sra_service_token), ("SRA_VIEWER_TOKEN", self.sra_viewer_token))
        check_strength((name, token.get_secret_value() if token else "") for name, token in own)
        check_strength((f"Entry {n} of SRA_TOKENS", token.value) for n, token in enumerate(self._list_named(), 1))
        if self.sra_service_token == self.sra_viewer_token:
            raise ConfigError(
                "SRA_VIEWER_TOKEN equals SRA_SERVICE_TOKEN, so every viewer could make changes.",
                next_step="Set two different tokens.",
            )
        if self.sra_sandbox:
            raise ConfigError("SRA_SANDBOX is set and SRA_ENV is production.", next_step="Unset one of them.")


class PeerSettings(EnvironmentSettings):
    """Addresses of the services, for one another."""

    fmp_ingest_url: Url = Field(
        "http://127.0.0.1:8081", description="Address of fmp_ingest; a bare host:port is accepted."
    )
    fundata_ingest_url: Url = Field("http://127.0.0.1:8082", description="Address of fundata_ingest.")
    view_builder_url: Url = Field("http://127.0.0.1:8083", description="Address of view_builder.")

    @field_validator("*", mode="before")
    @classmethod
    def complete_scheme(cls, value: object) -> object:
        return f"http://{value}" if isinstance(value, str) and "://" not in value else value


class ProxySettings(EnvironmentSettings):
    """The proxies between users and the gateway."""

    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="Number of proxies before the gateway whose entries at the end of X-Forwarded-For are trusted (Render: 2).",
    )


class LimitSettings(EnvironmentSettings):
    """Limits on the rejects, the removals and the size of a delivery."""

    reject_limit: Decimal = Field(
        Decimal("0.001"), ge=0, le=1, description="Share of rejected records above which a run fails."
    )
    drop_limit: Decimal = Field(
        Decimal("0.02"),
        ge=0,
        le=1,
        description="Share of a list, or of a dataset's current records, that may disappear at once before a run is held.",
    )
    download_max_mb: int = Field(
        1024,
        ge=1,
        le=1_000_000,
        description="Maximum megabytes of a bulk file or an export; a seed file must have the size in its manifest or pointer.",
    )


class OutboundSettings(EnvironmentSettings):
    """How calls reach the vendors and the storage of the seed; the services call one another directly."""

    http_proxy: Proxy | None = Field(None, description="HTTP proxy for calls to http addresses.")
    https_proxy: Proxy | None = Field(None, description="HTTP proxy for calls to https addresses.")
    all_proxy: Proxy | None = Field(None, description="HTTP proxy for both, if neither has its own.")
    no_proxy: NoProxy | None = Field(
        None,
        description="Hosts, domains, addresses and networks that are reached without a proxy, separated by commas.",
    )
    ssl_cert_file: CertificateFile | None = Field(
        None, description="File of certificate authorities that replaces the default ones."
    )
    ssl_cert_dir: Folder | None = Field(
        None, description="Folder of certificate authorities, if SSL_CERT_FILE is not set."
    )


class FmpSettings(LimitSettings, OutboundSettings):
    """The FMP account and its limits."""

    fmp_api_key: Key | None = Field(None, description="Key of the FMP account; without it the FMP step is skipped.")
    fmp_base_url: Url = Field(
        "https://financialmodelingprep.com/stable", description="Base address of FMP's stable API."
    )
    fmp_max_calls_per_minute: int = Field(
        3000, ge=1, le=100_000, description="Maximum number of calls in any 60 seconds."
    )
    fmp_bulk_calls_per_minute: int = Field(
        2, ge=1, le=10_000, description="Maximum number of calls of bulk endpoints in any 60 seconds."
    )
    fmp_history_years: int = Field(10, ge=0, le=60, description="Years of the first history; 0 for none.")
    fmp_backfill_share: Decimal = Field(
        Decimal("0.3"), gt=0, le=1, description="Share of the calls that a backfill may use."
    )


class FundataSettings(LimitSettings, OutboundSettings):
    """The Fundata licence: the update API and the seed tree."""

    fundata_access_key_id: Key | None = Field(
        None, description="Key of the update API; without it no updates are fetched."
    )
    fundata_secret_access_key: Key | None = Field(None, description="Secret of that key.")
    fundata_auth_url: Url = Field(
        "https://authenticate.fundataapi.com", description="Base address of the update API's login."
    )
    fundata_api_url: Url = Field("https://dbsync.fundataapi.com", description="Base address of the update API.")
    fundata_overlap_days: int = Field(
        7, ge=0, le=365, description="Days before the last success that each update covers again."
    )
    fundata_export_hosts: Text | None = Field(
        None,
        description="Hosts that exports may come from, separated by commas; `.example.com` includes all below it. If not set, any"
        " public host may, and one never seen before is a warning.",
    )
    fundata_base_path: Text = Field(
        "fundata",
        description="Folder of the seed tree; must be writable if files are downloaded from storage.",
    )
    fundata_data_path: Text | None = Field(
        None, description="Folder of its data files, if it is not `data` below the base."
    )
    fundata_quotes_path: Text | None = Field(
        None, description="Folder of its quote files, if it is not `quotes` below the base."
    )

    @property
    def export_hosts(self) -> tuple[str, ...]:
        """The hosts of FUNDATA_EXPORT_HOSTS."""
        return tuple(host.strip() for host in (self.fundata_export_hosts or "").split(",") if host.strip())

    @field_validator("fundata_export_hosts")
    @classmethod
    def check_hosts(cls, value: str | None) -> str | None:
        for host in (value or "").split(","):
            if host.strip() and not re.fullmatch(r"(\*?\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?", host.strip()):
                raise ValueError("has an entry that is not a host. Write names without scheme, port or path")
        return value

    @model_validator(mode="after")
    def check_pair(self) -> Self:
        if (self.fundata_access_key_id is None) != (self.fundata_secret_access_key is None):
            raise ValueError("FUNDATA_ACCESS_KEY_ID and FUNDATA_SECRET_ACCESS_KEY are set together or not at all")
        return self


class SeedStorageSettings(OutboundSettings):
    """Where missing seed files are downloaded from."""

    lfs_url: UrlWithLogin | None = Field(None, description="Address of a Git LFS server that holds the seed files.")
    lfs_token: Key | None = Field(None, description="Token of that server.")
    seed_base_url: Url | None = Field(None, description="Endpoint of S3-compatible object storage.")
    seed_bucket: Bucket | None = Field(None, description="Bucket that holds the seed files.")
    seed_region: Region = Field("us-east-1", description="Region of the bucket.")
    seed_access_key_id: Key | None = Field(None, description="Key of the object storage.")
    seed_secret_access_key: Key | None = Field(None, description="Secret of that key.")
    seed_manifest: Text = Field(
        "manifest.json", description="Object that lists path, size and SHA-256 of every seed file."
    )

    @property
    def has_bucket(self) -> bool:
        """Whether object storage is set."""
        return self.seed_bucket is not None

    @property
    def is_set(self) -> bool:
        """Whether any source for downloads is set."""
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


class LakeSettings(EnvironmentSettings):
    """The Iceberg lake, a copy of all published views for DuckDB, Polars and Spark; without an address there is none."""

    lake_url: LakeAddress | None = Field(
        None, description="Where the lake is: an absolute folder, or `s3://bucket/prefix`. Without it there is no lake."
    )
    lake_endpoint: Url | None = Field(None, description="Address of the object storage, if it is not Amazon's.")
    lake_region: Region | None = Field(None, description="Region of the bucket.")
    lake_access_key_id: Key | None = Field(
        None, description="Key of the object storage; without it, the credentials of the machine are used."
    )
    lake_secret_access_key: Key | None = Field(None, description="Secret of that key.")
    lake_keep_builds: int = Field(30, ge=1, le=10_000, description="Number of builds kept, besides the named ones.")
    lake_grace_hours: int = Field(
        24, ge=5, le=8760, description="Hours before a file that no kept build needs is deleted."
    )

    @model_validator(mode="after")
    def check_parts(self) -> Self:
        if (self.lake_access_key_id is None) != (self.lake_secret_access_key is None):
            raise ValueError("LAKE_ACCESS_KEY_ID and LAKE_SECRET_ACCESS_KEY are set together or not at all")
        is_bucket = self.lake_url is not None and self.lake_url.startswith("s3://")
        for name in ("lake_endpoint", "lake_region", "lake_access_key_id"):
            if getattr(self, name) is not None and not is_bucket:
                raise ValueError(f"{name.upper()} is set and LAKE_URL does not name a bucket")
        return self


class ScheduleSettings(EnvironmentSettings):
    """When the refresh runs, how long it may take, and who is alerted."""

    refresh_cron: Text = Field("0 2 * * *", description="When the daily refresh starts.")
    weekly_cron: Text = Field("0 2 * * 0", description="When the refresh includes the weekly fundamentals.")
    refresh_timezone: Text = Field("UTC", description="Time zone of both schedules.")
    refresh_window_minutes: int = Field(
        120, ge=1, le=1440, description="Minutes after which a running refresh is flagged overdue."
    )
    alert_webhook_url: Webhook | None = Field(
        None, description="Webhook that receives an alert when an incident begins and when it ends."
    )
    alert_form: Literal["slack", "json"] = Field(
        "slack",
        description="Format of the alerts: `slack` for Slack's incoming webhooks, `json` for kind, text and url.",
    )
    dashboard_url: Url | None = Field(
        None, description="Public address of the dashboard, for links in alerts. On Render it is known."
    )
    render_external_url: Url | None = Field(
        None, description="Set by Render; used for links if DASHBOARD_URL is not set."
    )
    ledger_retention_days: int = Field(
        400, ge=30, le=3650, description="Days after which finished runs are summed up by month and deleted."
    )

    @property
    def public_url(self) -> str | None:
        """The public address of the dashboard, without a trailing slash."""
        found = self.dashboard_url or self.render_external_url
        return found.rstrip("/") if found else None

    @field_validator("refresh_timezone")
    @classmethod
    def check_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("REFRESH_TIMEZONE is not a time zone. Use a name like America/Toronto") from error
        return value


Settings = TypeVar("Settings", bound=EnvironmentSettings)

SETTINGS_CLASSES: tuple[type[EnvironmentSettings], ...] = (
    DatabaseSettings,
    AdministratorSettings,
    ServiceSettings,
    PeerSettings,
    ProxySettings,
    LimitSettings,
    OutboundSettings,
    FmpSettings,
    FundataSettings,
    SeedStorageSettings,
    LakeSettings,
    ScheduleSettings,
)


def list_own_fields(kind: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Return the settings that a class declares itself, without inherited ones."""
    return {name: field for name, field in kind.model_fields.items() if name in kind.__annotations__}


def read_default(kind: type[EnvironmentSettings], name: str) -> Any:
    """Return the default of a setting, for parts that are also used without settings."""
    return kind.model_fields[name].default


def read_settings(kind: type[Settings]) -> Settings:
    """Return settings read from the environment; raises ConfigError that names the first invalid variable."""
    try:
        return kind()
    except ValidationError as error:
        raise ConfigError(describe_settings_error(error)) from None


def check_settings(*kinds: type[EnvironmentSettings]) -> None:
    """Raise ConfigError for the first invalid variable of these kinds, in the order of SETTINGS_CLASSES and its members.

    Combinations of variables in one class, and the parts of DATABASE_URL, are checked after the single variables. Call it
    before anything is done: otherwise a part that reads its settings later would fail after others have started their work.
    """
    for kind in SETTINGS_CLASSES:
        if kind in kinds:
            read_settings(kind)


def describe_settings_error(error: ValidationError) -> str:
    """Return the first invalid variable in the order of declaration, with the reason; its value is not repeated."""
    item = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in item["loc"]).upper()
    if item["type"] == "value_error":
        return f"{name} {item['msg'].removeprefix('Value error, ').removeprefix(name).lstrip()}.".strip()
    return f"{name or 'Settings'}: {item['msg']}."
