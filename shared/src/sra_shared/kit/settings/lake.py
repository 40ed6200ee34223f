"""Settings of the Iceberg lake."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sra_shared.kit.setting_kinds import Key, LakeAddress, Region, Url
from sra_shared.kit.settings.environment import EnvironmentSettings


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
