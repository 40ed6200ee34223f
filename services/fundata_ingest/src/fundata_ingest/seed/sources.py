"""The sources of seed files: S3-compatible object storage with a manifest, and a Git LFS server."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import quote

import httpx
import obstore
from obstore.exceptions import BaseError as StoreError
from obstore.store import S3Store
from pydantic import BaseModel, FailFast, Field, ValidationError

from fundata_ingest.seed.manifest import Manifest, ManifestFile
from sra_shared.kit.errors import FatalError, RetryableError, SraError
from sra_shared.kit.http import BodyTooLargeError, Bound, ExchangeError, iterate_body, open_response, send_request
from sra_shared.kit.retry import SEED_MANIFEST
from sra_shared.kit.settings import SeedStorageSettings
from sra_shared.kit.texts import excerpt

_RESPONSE_BOUND = Bound.of(1 << 20)
_RESPONSE_SECONDS = 120.0
# a plan requests the manifest once, and the caller resumes a broken download
_BUSY = (408, 429)
_SIGNED_FOR = timedelta(hours=1)
# a compressed transfer cannot be resumed
_PLAIN = {"Accept-Encoding": "identity"}
_NO_ADDRESS = frozenset({"UnsupportedProtocol", "InvalidURL", "UnicodeEncodeError", "bad redirect"})


class WrongContentError(FatalError):
    """A source delivered a different file under the requested name."""

    @classmethod
    def for_length(cls, file: ManifestFile) -> WrongContentError:
        """Return the error of a file that is longer than its size."""
        return cls(
            f"{file.path} has more than the expected {file.size:,} bytes.",
            next_step="Upload the file again, or regenerate the manifest.",
        )


@dataclass(frozen=True)
class WantedFile:
    """A file to download: its path below the tree's root, its destination, and what is known of its content.

    `oid` (SHA-256 in hex) and `size` come from the LFS pointer found in its place or, with `exact`, from the plan of a run, which
    loads only this content.
    """

    path: str
    target: Path
    oid: str | None = None
    size: int | None = None
    exact: bool = False


class SeedSource(Protocol):
    """A source of seed files."""

    async def find_file(self, wanted: WantedFile) -> ManifestFile | None:
        """Return the source's entry for the file, or None."""

    def open_from(self, file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        """Yield the file's bytes from `offset` on."""


class BucketSource:
    """S3-compatible object storage; object names are the manifest's paths, below the manifest's folder."""

    def __init__(self, settings: SeedStorageSettings, client: httpx.AsyncClient) -> None:
        key, secret = settings.seed_access_key_id, settings.seed_secret_access_key
        base = (settings.seed_base_url or f"https://s3.{settings.seed_region}.amazonaws.com").rstrip("/")
        self._address = f"{base}/{settings.seed_bucket}"
        self._client = client
        self._signer: S3Store | None = None
        if key is not None and secret is not None:
            self._signer = S3Store(
                settings.seed_bucket,
                endpoint=base,
                region=settings.seed_region,
                virtual_hosted_style_request=False,
                client_options={"allow_http": base.startswith("http://")},
                access_key_id=key.get_secret_value(),
                secret_access_key=secret.get_secret_value(),
            )
        self._manifest_name = settings.seed_manifest
        self._folder = posixpath.dirname(settings.seed_manifest)
        self._files: Mapping[str, ManifestFile] | None = None
        self._failure: SraError | None = None

    async def find_file(self, wanted: WantedFile) -> ManifestFile | None:
        """Return the manifest's entry.

        Raises RetryableError or FatalError if there is no readable manifest; later calls raise the same error.
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
            repeat = SEED_MANIFEST.retrying(lambda error: isinstance(error, ExchangeError))
            body: bytes = await repeat(self._request_manifest)
            return Manifest.model_validate_json(body)
        except ExchangeError as error:
            raise RetryableError(
                f"The manifest {self._manifest_name} could not be read from the bucket: {error.cause}.",
                next_step="Check the SEED_ settings, or write a manifest with `./sra load --write-manifest DIR`.",
            ) from error
        except ValidationError as error:
            raise FatalError(
                f"The manifest {self._manifest_name} is not valid: {excerpt(error.errors()[0]['msg'])}.",
                next_step="Write it again with `./sra load --write-manifest DIR`.",
            ) from error

    async def _request_manifest(self) -> bytes:
        address = await self._sign(self._manifest_name)
        response = await send_request(
            self._client, "GET", address, bound=_RESPONSE_BOUND, seconds=_RESPONSE_SECONDS, headers=_PLAIN
        )
        if response.status_code == httpx.codes.OK:
            return response.body
        cause = (
            "it does not exist" if response.status_code == httpx.codes.NOT_FOUND else f"status {response.status_code}"
        )
        if response.status_code >= 500 or response.status_code in _BUSY:
            raise ExchangeError(f"The bucket returned status {response.status_code}.", cause=cause)
        raise RetryableError(
            f"The manifest {self._manifest_name} could not be read from the bucket: {cause}.",
            next_step="Check the SEED_ settings, or write a manifest with `./sra load --write-manifest DIR`.",
        )

    async def _sign(self, name: str) -> str:
        """Return the URL of an object, signed for an hour if there is a key; it is never shown."""
        if self._signer is None:
            return f"{self._address}/{quote(name)}"
        try:
            return await obstore.sign_async(self._signer, "GET", name, _SIGNED_FOR)
        except StoreError as error:
            raise FatalError(
                f"The object {excerpt(name)} cannot be requested.", next_step="Check the SEED_ settings."
            ) from error

    async def open_from(self, file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        """Yield the object's bytes; raises RetryableError if the connection breaks."""
        address = await self._sign(posixpath.join(self._folder, file.path))
        async for block in _download(self._client, address, {}, file, offset, "bucket"):
            yield block


async def _download(
    client: httpx.AsyncClient, address: str, headers: Mapping[str, str], file: ManifestFile, offset: int, who: str
) -> AsyncIterator[bytes]:
    """Yield a file's bytes from `offset` on, and no more than its size.

    Raises FatalError if it does not exist, or has no usable URL, WrongContentError if it is too long, RetryableError if it is
    incomplete.
    """
    wanted_headers = {**headers, **_PLAIN} | ({"Range": f"bytes={offset}-"} if offset else {})
    try:
        async with open_response(client, address, wanted_headers) as response:
            if response.status_code == httpx.codes.NOT_FOUND:
                raise FatalError(f"The {who} does not have {file.path}.", next_step="Upload it.")
            if response.status_code != (206 if offset else 200):
                raise RetryableError(f"The {who} returned status {response.status_code} for {file.path}.")
            async for block in iterate_body(response, Bound.of(file.size - offset)):
                yield block
    except BodyTooLargeError as error:
        raise WrongContentError.for_length(file) from error
    except ExchangeError as error:
        if error.cause in _NO_ADDRESS:
            raise FatalError(
                f"The {who} returns no usable URL for {file.path}.", next_step="Check its settings."
            ) from error
        raise RetryableError(f"The download of {file.path} was interrupted: {error.cause}.") from error


class _LfsAction(BaseModel):
    href: str
    header: Annotated[dict[str, str], Field(max_length=50)] = {}


class _LfsError(BaseModel):
    message: str = ""


class _LfsObject(BaseModel):
    """An object in a response of the batch API: https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md."""

    error: _LfsError | None = None
    actions: Annotated[dict[str, _LfsAction], Field(max_length=10)] | None = None


class _LfsResponse(BaseModel):
    objects: Annotated[list[_LfsObject], FailFast(), Field(max_length=10)]


class LfsSource:
    """A Git LFS server; requests the object that a pointer names through its batch API."""

    def __init__(self, settings: SeedStorageSettings, client: httpx.AsyncClient) -> None:
        self._url = (settings.lfs_url or "").rstrip("/")
        self._token = settings.lfs_token
        self._client = client

    async def find_file(self, wanted: WantedFile) -> ManifestFile | None:
        """Return the pointer as an entry; None for a file without a pointer."""
        if wanted.oid is None or wanted.size is None:
            return None
        return ManifestFile(path=wanted.path, size=wanted.size, sha256=wanted.oid)

    async def open_from(self, file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        """Yield the object's bytes; raises FatalError if the server does not have it, refuses, or sends an invalid response."""
        action = await self._find_download(file)
        async for block in _download(self._client, action.href, action.header, file, offset, "LFS server"):
            yield block

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
            response = await send_request(
                self._client,
                "POST",
                f"{self._url}/objects/batch",
                bound=_RESPONSE_BOUND,
                seconds=_RESPONSE_SECONDS,
                json=body,
                headers=headers | _PLAIN,
            )
        except ExchangeError as error:
            raise RetryableError(f"The LFS server did not respond: {error.cause}.") from error
        if response.status_code >= 500 or response.status_code in _BUSY:
            raise RetryableError(f"The LFS server returned status {response.status_code}.")
        if response.status_code != 200:
            raise FatalError(
                f"The LFS server returned status {response.status_code} for {file.path}.",
                next_step="Check LFS_URL and LFS_TOKEN.",
            )
        return _read_action(response.body, file.path)


def _read_action(body: bytes, path: str) -> _LfsAction:
    try:
        objects = _LfsResponse.model_validate_json(body).objects
    except ValidationError as error:
        raise FatalError(
            f"The LFS server's response for {path} is not a response of the batch API.", next_step="Check LFS_URL."
        ) from error
    found = objects[0] if objects else _LfsObject()
    if found.error is not None:
        raise FatalError(f"The LFS server does not have {path}: {excerpt(found.error.message)}.")
    action = (found.actions or {}).get("download")
    if action is None:
        raise FatalError(
            f"The LFS server offers no download of {path}.", next_step="Push the object to it, or check LFS_URL."
        )
    return action
