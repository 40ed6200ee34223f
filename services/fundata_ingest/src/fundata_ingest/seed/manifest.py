"""The manifest of a seed tree in object storage: path, size and SHA-256 of every file."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, FailFast, Field, field_validator

_BLOCK = 1 << 20
_MOST_FILES = 10_000


class ManifestFile(BaseModel):
    """One file of the seed tree: its path below the tree's root, its size in bytes, its SHA-256 in hex."""

    model_config = ConfigDict(frozen=True)

    path: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @field_validator("path")
    @classmethod
    def check_path(cls, value: str) -> str:
        parts = PurePosixPath(value).parts
        if not parts or value.startswith("/") or ".." in parts or "\\" in value:
            raise ValueError(f"{value!r} is not a path below the tree's root")
        return value


class Manifest(BaseModel):
    """The files that the storage holds."""

    model_config = ConfigDict(frozen=True)

    files: Annotated[list[ManifestFile], FailFast(), Field(max_length=_MOST_FILES)]


def write_manifest(root: Path, pattern: str = "**/*.csv") -> Manifest:
    """Return the manifest of a tree on disk: every CSV below `data` and `quotes`, in path order."""
    files = []
    for path in sorted(found for folder in ("data", "quotes") for found in (root / folder).glob(pattern)):
        digest = compute_sha256(path)
        files.append(ManifestFile(path=path.relative_to(root).as_posix(), size=path.stat().st_size, sha256=digest))
    return Manifest(files=files)


def compute_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hex, reading it in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
