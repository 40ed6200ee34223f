"""Settings of the services: port, tokens and logs, their addresses, the schedule of the refresh."""

from __future__ import annotations

from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from sra_shared.kit.errors import ConfigError
from sra_shared.kit.named_tokens import SERVICE, VIEWER, NamedToken, Role, parse_tokens
from sra_shared.kit.setting_kinds import Text, Token, TokenList, Url, Webhook
from sra_shared.kit.settings.environment import EnvironmentSettings
from sra_shared.kit.tokens import check_strength


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
