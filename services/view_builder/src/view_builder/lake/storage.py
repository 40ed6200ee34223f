"""The files of a lake, in a folder or in object storage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pyarrow.fs import FileSelector, FileSystem, FileType
from pydantic import ValidationError
from pyiceberg.io.pyarrow import PyArrowFileIO

from sra_shared.kit.errors import ConfigError
from view_builder.lake.exchange import LakeMark, LakeStorage

MARK = "sra-lake.json"
# every storage but Amazon's accepts any region
_REGION = "us-east-1"
_CONNECT_SECONDS = "10"
_REQUEST_SECONDS = "60"


@dataclass(frozen=True)
class LakeFile:
    """A file of the lake, by its address."""

    location: str
    size: int
    written_at: datetime


class LakeFiles:
    """Reads, writes, lists and deletes the files below the root of a lake."""

    def __init__(self, storage: LakeStorage) -> None:
        """Nothing is opened before the first use."""
        self.root = f"file://{storage.root}" if storage.root.startswith("/") else storage.root
        self.io = PyArrowFileIO(_make_properties(storage))

    def require_mark(self, mark: LakeMark, *, is_new: bool) -> None:
        """Raise ConfigError unless the root belongs to this database; a new root without a mark gets it."""
        found = self._read_mark()
        if found == mark:
            return
        if found is None and is_new:
            self.write(f"{self.root}/{MARK}", mark.model_dump_json().encode())
            return
        if found is None:
            reason = f"has no mark {MARK}, though this database published there before"
        elif found.is_sandbox != mark.is_sandbox:
            reason = f"belongs to {'a sandbox' if found.is_sandbox else 'a database with real data'}"
        else:
            reason = "belongs to another database"
        raise ConfigError(f"The lake at LAKE_URL {reason}.", next_step="Set LAKE_URL to an empty place.")

    def _read_mark(self) -> LakeMark | None:
        try:
            with self.io.new_input(f"{self.root}/{MARK}").open() as stream:
                return LakeMark.model_validate_json(stream.read())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise ConfigError(
                f"The mark {MARK} at LAKE_URL cannot be read.", next_step="Set LAKE_URL to an empty place."
            ) from error

    def write(self, location: str, content: bytes) -> None:
        """Write one file."""
        with self.io.new_output(location).create(overwrite=True) as stream:
            stream.write(content)

    def list_files(self) -> Iterator[LakeFile]:
        """Return all files below the root."""
        system, path = self._find_system()
        prefix = self.root.removesuffix(path)
        for found in system.get_file_info(FileSelector(path, recursive=True, allow_not_found=True)):
            if found.type is FileType.File:
                yield LakeFile(f"{prefix}{found.path}", found.size, found.mtime or datetime.now(UTC))

    def delete(self, location: str) -> None:
        """Delete a file; a missing file is not an error."""
        system, _ = self._find_system()
        try:
            system.delete_file(PyArrowFileIO.parse_location(location)[2])
        except FileNotFoundError:
            return

    def _find_system(self) -> tuple[FileSystem, str]:
        scheme, netloc, path = PyArrowFileIO.parse_location(self.root)
        return self.io.fs_by_scheme(scheme, netloc), path


def _make_properties(storage: LakeStorage) -> dict[str, str]:
    if storage.root.startswith("/"):
        return {}
    values = {
        "s3.endpoint": storage.endpoint,
        "s3.region": storage.region or (_REGION if storage.endpoint else None),
        "s3.access-key-id": storage.access_key_id.get_secret_value() if storage.access_key_id else None,
        "s3.secret-access-key": storage.secret_access_key.get_secret_value() if storage.secret_access_key else None,
        "s3.connect-timeout": _CONNECT_SECONDS,
        "s3.request-timeout": _REQUEST_SECONDS,
    }
    return {name: value for name, value in values.items() if value is not None}
