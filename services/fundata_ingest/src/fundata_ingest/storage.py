"""Fetches seed files that are not on disk: from S3-compatible object storage by its manifest, or from a Git LFS server.

A download resumes where it broke off, is checked by size and SHA-256, and appears under its name only when it is whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import httpx
import obstore
from obstore.exceptions import BaseError as StoreError
from obstore.store import S3Store
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from sra_shared.errors import ConfigError, FatalError, RetryableError
from sra_shared.logs import get_logger
from sra_shared.settings import SeedStorageSettings

log = get_logger(__name__)

_BLOCK = 1 << 20
_ATTEMPTS = 5
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


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
            raise ValueError(f"{value!r} is no path below the tree's root")
        return value


class Manifest(BaseModel):
    """What the storage holds."""

    model_config = ConfigDict(frozen=True)

    files: list[ManifestFile]


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: its path below the tree's root, where it goes, and the LFS pointer found in its place."""

    path: str
    target: Path
    oid: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Fetched:
    """What came of it: the problem in one sentence, or None where the file is there and right."""

    path: str
    problem: str | None


class Source(Protocol):
    """A place that seed files come from."""

    async def find_file(self, wanted: Wanted) -> ManifestFile | None:
        """Return what the place knows of the file, or None."""

    def open_from(self, file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        """Yield the file's bytes from `offset` on."""


Progress = Callable[[str, int, int], None]


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


class BucketSource:
    """S3-compatible object storage; object names are the manifest's paths, below the folder that the manifest is in."""

    def __init__(self, settings: SeedStorageSettings) -> None:
        if settings.seed_bucket is None:
            raise ConfigError("SEED_BUCKET is not set though SEED_BASE_URL is.", next_step="Set the bucket's name.")
        key, secret = settings.seed_access_key_id, settings.seed_secret_access_key
        if (key is None) != (secret is None):
            raise ConfigError(
                "SEED_ACCESS_KEY_ID and SEED_SECRET_ACCESS_KEY go together.", next_step="Set both or none."
            )
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
            **login,
        )
        self._manifest_name = settings.seed_manifest
        self._folder = posixpath.dirname(settings.seed_manifest)
        self._files: Mapping[str, ManifestFile] | None = None

    async def _read_manifest(self) -> Mapping[str, ManifestFile]:
        if self._files is None:
            try:
                answer = await obstore.get_async(self._store, self._manifest_name)
                manifest = Manifest.model_validate_json(bytes(await answer.bytes_async()))
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
            self._files = {file.path: file for file in manifest.files}
        return self._files

    async def find_file(self, wanted: Wanted) -> ManifestFile | None:
        """Return the manifest's entry; raises RetryableError or FatalError where there is no readable manifest."""
        return (await self._read_manifest()).get(wanted.path)

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
        """Yield the object's bytes; raises FatalError where the server does not have it or refuses."""
        address, headers = await self._find_download(file)
        if offset:
            headers["Range"] = f"bytes={offset}-"
        try:
            async with self._client.stream("GET", address, headers=headers) as answer:
                if answer.status_code not in ((206,) if offset else (200,)):
                    raise RetryableError(f"The LFS server answered {answer.status_code} for {file.path}.")
                async for block in answer.aiter_bytes(_BLOCK):
                    yield block
        except httpx.HTTPError as error:
            raise RetryableError(f"The download of {file.path} broke off: {type(error).__name__}.") from error

    async def _find_download(self, file: ManifestFile) -> tuple[str, dict[str, str]]:
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
        if answer.status_code >= 500:
            raise RetryableError(f"The LFS server answered {answer.status_code}.")
        if answer.status_code != 200:
            raise FatalError(
                f"The LFS server answered {answer.status_code} for {file.path}.",
                next_step="Look at LFS_URL and LFS_TOKEN.",
            )
        found = answer.json()["objects"][0]
        if "error" in found:
            raise FatalError(f"The LFS server does not have {file.path}: {found['error'].get('message', '')}.")
        action = found["actions"]["download"]
        return action["href"], dict(action.get("header", {}))


async def fetch_files(
    settings: SeedStorageSettings, wanted: Sequence[Wanted], *, on_progress: Progress | None = None
) -> list[Fetched]:
    """Fetch what is wanted from where the settings say, one after another, and say of each what came of it.

    `on_progress(path, bytes so far, bytes in all)` is called for every block. A file that cannot be had is a problem of
    that file alone. Raises ConfigError where the settings contradict one another.
    """
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=True) as client:
        sources: list[Source] = []
        if settings.seed_base_url is not None or settings.seed_bucket is not None:
            sources.append(BucketSource(settings))
        if settings.lfs_url is not None:
            sources.append(LfsSource(settings, client))
        return [await _fetch_one(sources, one, on_progress) for one in wanted]


async def _fetch_one(sources: Sequence[Source], wanted: Wanted, on_progress: Progress | None) -> Fetched:
    problems: list[str] = []
    for source in sources:
        try:
            file = await source.find_file(wanted)
            if file is None:
                problems.append("it stands in no manifest and has no pointer")
                continue
            await _download(source, file, wanted.target, on_progress)
        except (RetryableError, FatalError, OSError) as error:
            log.warning("seed_file_not_fetched", file=wanted.path, error=str(error))
            problems.append(str(error))
        else:
            return Fetched(wanted.path, None)
    reason = "; ".join(problems) if problems else "no object storage and no LFS server is set"
    return Fetched(wanted.path, f"{wanted.path} could not be fetched: {reason}")


async def _download(source: Source, file: ManifestFile, target: Path, on_progress: Progress | None) -> None:
    if await asyncio.to_thread(_is_whole, target, file):
        return
    # hidden, so that the half of a file is never taken for one
    part = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(RetryableError),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=20),
        reraise=True,
    ):
        with attempt:
            await _download_rest(source, file, part, on_progress)
    digest = await asyncio.to_thread(compute_sha256, part)
    if digest != file.sha256:
        part.unlink()
        raise FatalError(
            f"{file.path} was delivered with another content than the manifest names (SHA-256 {digest[:12]}..).",
            next_step="Upload the file again, or write the manifest anew.",
        )
    part.replace(target)


def _is_whole(target: Path, file: ManifestFile) -> bool:
    return target.exists() and target.stat().st_size == file.size and compute_sha256(target) == file.sha256


async def _download_rest(source: Source, file: ManifestFile, part: Path, on_progress: Progress | None) -> None:
    size = part.stat().st_size if part.exists() else 0
    if size > file.size:
        part.unlink()
        size = 0
    if size < file.size:
        with part.open("ab") as stream:
            async for block in source.open_from(file, size):
                await asyncio.to_thread(stream.write, block)
                size += len(block)
                if on_progress is not None:
                    on_progress(file.path, size, file.size)
    elif not part.exists():
        part.touch()
    if size != file.size:
        raise RetryableError(f"{file.path} came with {size} of {file.size} bytes.", next_step="It resumes there.")
