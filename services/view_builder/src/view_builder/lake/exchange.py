"""What the worker and its publisher process send each other, as JSON."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, SecretStr, field_serializer

from sra_shared.kit.settings import LakeSettings


class LakeStorage(BaseModel):
    """Where the files are, with the credentials; sent through a pipe only."""

    root: str
    endpoint: str | None = None
    region: str | None = None
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None

    @classmethod
    def of(cls, settings: LakeSettings) -> LakeStorage | None:
        """Return the storage of the settings, or None if there is no lake."""
        if settings.lake_url is None:
            return None
        return cls(
            root=settings.lake_url,
            endpoint=settings.lake_endpoint,
            region=settings.lake_region,
            access_key_id=settings.lake_access_key_id,
            secret_access_key=settings.lake_secret_access_key,
        )

    @field_serializer("access_key_id", "secret_access_key", when_used="json")
    def reveal(self, value: SecretStr | None) -> str | None:
        return value.get_secret_value() if value is not None else None


class TableState(BaseModel):
    """A table of a build: its pointer, and what it was read from."""

    relation: str
    metadata_location: str
    columns_digest: str
    view_digest: str
    view_builds: int
    content_hash: str | None
    row_count: int
    file_count: int
    byte_count: int


class StagedTable(BaseModel):
    """A table of the build to be published; `metadata` is None if the pointer is that of the build before."""

    state: TableState
    metadata: str | None = None
    written_files: int = 0
    written_bytes: int = 0


class LakeMark(BaseModel):
    """The mark in the root of a lake: whose it is."""

    lake_id: UUID
    is_sandbox: bool


class PublishOrder(BaseModel):
    """The order of a worker: from which build to start, and everything that the publisher needs to read and write."""

    dsn: str
    storage: LakeStorage
    mark: LakeMark
    is_new: bool
    """Whether this database never published at this root."""
    contract_version: int
    base: dict[str, TableState]
    """The tables of the newest build; empty to write everything."""
    base_at: datetime | None
    """When they were read."""


class Publication(BaseModel):
    """The report of a publisher: what it wrote, and the snapshot it read."""

    snapshot: str
    snapshot_at: datetime
    tables: list[StagedTable]
    peak_memory_mb: int


class CleanOrder(BaseModel):
    """The order to delete the files that are older than a time and that no build needs."""

    storage: LakeStorage
    mark: LakeMark
    kept: list[str]
    """The addresses of the metadata of all kept builds."""
    older_than: datetime
    is_dry: bool


class Cleaned(BaseModel):
    """How much was deleted, or would be."""

    files: int
    size: int


class CheckOrder(BaseModel):
    """The order to compare the files of a build with the database, if the views were not built since, or only to read them."""

    dsn: str
    storage: LakeStorage
    mark: LakeMark
    tables: list[TableState]


class TableVerdict(BaseModel):
    """The findings on one table of a build; `is_compared` is false if the view was built since, so that it may differ."""

    relation: str
    rows: int
    is_compared: bool
    problems: list[str]


class Checked(BaseModel):
    """The findings on a build."""

    tables: list[TableVerdict]


class Failure(BaseModel):
    """Why a process failed; the kind decides whether its worker tries again."""

    kind: str
    message: str
    next_step: str = ""
