"""The places that seed files come from: S3-compatible object storage with a manifest, and a Git LFS server."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import obstore
from obstore.exceptions import BaseError as StoreError
from obstore.store import S3Store
from pydantic import BaseModel, ValidationError

from fundata_ingest.manifest import Manifest, ManifestFile
from sra_shared.errors import FatalError, RetryableError, SraError
from sra_shared.settings import SeedStorageSettings

if TYPE_CHECKING:
    from obstore.store import RetryConfig

_BLOCK = 1 << 20
# a plan asks once for the manifest, and a download that breaks off is resumed by us
_RETRY: RetryConfig = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5)},
}
_BUSY = (408, 429)


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: its path below the tree's root, where it goes, and what is known of its content.

    `oid` (SHA-256 in hex) and `size` come from the LFS pointer found in its place or, with `exact`, from the plan of a run,
    which loads this content and no other.
    """

    path: str
    target: Path
    oid: str | None = None
    size: int | None = None
    exact: bool = False


class Source(Protocol):
    """A place that seed files come from."""

    async def find_file(self, wanted: Wanted) -> ManifestFile | None:
        """Return what the place knows of the file, or None."""

    def open_from(self, file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        """Yield the file's bytes from `offset` on."""


class BucketSource:
    """S3-compatible object storage; object names are the manifest's paths, below the folder that the manifest is in."""

    def __init__(self, settings: SeedStorageSettings) -> None:
        key, secret = settings.seed_access_key_id, settings.seed_secret_access_key
        login: dict[str, Any] = (
            {"access_key_id": key.get_secret_value(), "secret_access_key": secret.get_secret_value()}
            if key is not None and secret is not None
            else {"skip_signature": True}
        )
        base = settings.seed_base_url
        self._store = S3Store(
            settings.seed_bucket,
            endpoint=base,
            region=settings.seed_region,
            virtual_hosted_style_request=False,
            client_options={"allow_http": bool(base and base.startswith("http://")), "timeout": "60s"},
            retry_config=_RETRY,
            **login,
        )
        self._manifest_name = settings.seed_manifest
        self._folder = posixpath.dirname(settings.seed_manifest)
        self._files: Mapping[str, ManifestFile] | None = None
        self._failure: SraError | None = None

    async def find_file(self, wanted: Wanted) -> ManifestFile | None:
        """Return the manifest's entry.

        Raises RetryableError or FatalError where there is no readable manifest; the next question gets the same answer.
        """
        if self._failure is not None:
            raise self._failure
        if self._files is None:
            try:
                self._files = {file.path: file for file in (await self._read_manifest()).files}
            except SraError as error:
                self._failure = error
                raise
        return self._files.get(wanted.path)

    async def _read_manifest(self) -> Manifest:
        try:
            answer = await obstore.get_async(self._store, self._manifest_name)
            return Manifest.model_validate_json(bytes(await answer.bytes_async()))
        except (FileNotFoundError, StoreError) as error:
            raise RetryableError(
                f"The manifest {self._manifest_name} could not be read from the bucket: {type(error).__name__}.",
                next_step="Look at the SEED_ settings, and write one with `./sra load --write-manifest DIR`.",
            ) from error
        except ValidationError as error:
            raise FatalError(
                f"The manifest {self._manifest_name} is not valid: {error.errors()[0]['msg']}.",
                next_step="Write it again with `./sra load --write-manifest DIR`.",
            ) from error

    async def open_from(self, file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        """Yield the object's bytes; raises RetryableError where the connection breaks."""
        name = posixpath.join(self._folder, file.path)
        try:
            answer = await obstore.get_async(self._store, name, options={"range": {"offset": offset}})
            async for block in answer.stream(min_chunk_size=_BLOCK):
                yield bytes(block)
        except FileNotFoundError as error:
            raise FatalError(
                f"{file.path} stands in the manifest, but the bucket does not hold it.", next_step="Upload it."
            ) from error
        except (StoreError, OSError) as error:
            raise RetryableError(f"The download of {file.path} broke off at byte {offset}.") from error


class _LfsAction(BaseModel):
    href: str
    header: dict[str, str] = {}


class _LfsError(BaseModel):
    message: str = ""


class _LfsObject(BaseModel):
    """An object in an answer of the batch API: https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md."""

    error: _LfsError | None = None
    actions: dict[str, _LfsAction] | None = None


class _LfsAnswer(BaseModel):
    objects: list[_LfsObject]


class LfsSource:
    """A Git LFS server, asked through its batch API for the object that a pointer names."""

    def __init__(self, settings: SeedStorageSettings, client: httpx.AsyncClient) -> None:
        self._url = (settings.lfs_url or "").rstrip("/")
        self._token = settings.lfs_token
        self._client = client

    async def find_file(self, wanted: Wanted) -> ManifestFile | None:
        """Return the pointer as an entry; None for a file of which there is no pointer."""
        if wanted.oid is None or wanted.size is None:
            return None
        return ManifestFile(path=wanted.path, size=wanted.size, sha256=wanted.oid)

    async def open_from(self, file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        """Yield the object's bytes; raises FatalError where the server does not have it, refuses or answers nonsense."""
        action = await self._find_download(file)
        headers = dict(action.header) | ({"Range": f"bytes={offset}-"} if offset else {})
        try:
            async with self._client.stream("GET", action.href, headers=headers) as answer:
                if answer.status_code not in ((206,) if offset else (200,)):
                    raise RetryableError(f"The LFS server answered {answer.status_code} for {file.path}.")
                async for block in answer.aiter_bytes(_BLOCK):
                    yield block
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeEncodeError) as error:
            raise FatalError(
                f"The LFS server names no usable address for {file.path}.", next_step="Look at LFS_URL."
            ) from error
        except httpx.HTTPError as error:
            raise RetryableError(f"The download of {file.path} broke off: {type(error).__name__}.") from error

    async def _find_download(self, file: ManifestFile) -> _LfsAction:
        headers = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        body = {
            "operation": "download",
            "transfers": ["basic"],
            "objects": [{"oid": file.sha256, "size": file.size}],
        }
        try:
            answer = await self._client.post(f"{self._url}/objects/batch", json=body, headers=headers)
        except httpx.HTTPError as error:
            raise RetryableError(f"The LFS server did not answer: {type(error).__name__}.") from error
        if answer.status_code >= 500 or answer.status_code in _BUSY:
            raise RetryableError(f"The LFS server answered {answer.status_code}.")
        if answer.status_code != 200:
            raise FatalError(
                f"The LFS server answered {answer.status_code} for {file.path}.",
                next_step="Look at LFS_URL and LFS_TOKEN.",
            )
        return _read_action(answer.content, file.path)


def _read_action(body: bytes, path: str) -> _LfsAction:
    try:
        objects = _LfsAnswer.model_validate_json(body).objects
    except ValidationError as error:
        raise FatalError(
            f"The LFS server's answer for {path} is none of the batch API.", next_step="Look at LFS_URL."
        ) from error
    found = objects[0] if objects else _LfsObject()
    if found.error is not None:
        raise FatalError(f"The LFS server does not have {path}: {found.error.message}.")
    action = (found.actions or {}).get("download")
    if action is None:
        raise FatalError(
            f"The LFS server offers no download of {path}.", next_step="Push the object to it, or look at LFS_URL."
        )
    return action
