"""Settings of the vendors: accounts, limits of a delivery, proxies, and where the seed files are."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Self

from pydantic import Field, field_validator, model_validator

from sra_shared.kit.setting_kinds import (
    Bucket,
    CertificateFile,
    Folder,
    Key,
    NoProxy,
    Proxy,
    Region,
    Text,
    Url,
    UrlWithLogin,
)
from sra_shared.kit.settings.environment import EnvironmentSettings


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
