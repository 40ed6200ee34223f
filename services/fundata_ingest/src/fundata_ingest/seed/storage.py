"""Downloads seed files that are not on disk: from S3-compatible object storage by its manifest, or from a Git LFS server.

An interrupted download resumes, is checked by size and SHA-256, and gets its name only when it is complete.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import httpx

from fundata_ingest.seed.manifest import ManifestFile, compute_sha256
from fundata_ingest.seed.sources import BucketSource, LfsSource, SeedSource, WantedFile, WrongContentError
from sra_shared.kit.errors import FatalError, RetryableError
from sra_shared.kit.http import make_outbound_transport
from sra_shared.kit.logs import get_logger
from sra_shared.kit.retry import SEED_FILE
from sra_shared.kit.settings import SeedStorageSettings

log = get_logger(__name__)

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_LOOK_AGAIN_SECONDS = 0.2

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Fetched:
    """The outcome of a download: the problem in one sentence, or None if the file is complete and correct."""

    path: str
    problem: str | None
    is_retryable: bool = False


@dataclass
class SeedStore:
    """All configured sources, tried one after another; one that failed for a file is retried less."""

    sources: Sequence[SeedSource]
    _weak: set[int] = field(default_factory=set)

    async def find_file(self, wanted: WantedFile) -> ManifestFile | None:
        """Return the entry of the first source that has the file; None if none has it, and then `fetch` reports why."""
        for source in self.sources:
            with suppress(RetryableError, FatalError):
                file = await source.find_file(wanted)
                if file is not None:
                    return file
        return None

    async def fetch(self, wanted: WantedFile, on_progress: Progress | None = None) -> Fetched:
        """Download one file and return the outcome; an unavailable file is a problem of that file alone."""
        problems: list[str] = []
        is_retryable = False
        for place, source in enumerate(self.sources):
            try:
                file = await source.find_file(wanted)
                if file is None:
                    problems.append("it has no entry in a manifest and no LFS pointer")
                    continue
                _check_content(file, wanted)
                await self._download(place, file, wanted.target, on_progress)
            except (RetryableError, FatalError, OSError) as error:
                log.warning("seed_file_not_downloaded", file=wanted.path, error=str(error))
                problems.append(str(error))
                is_retryable = is_retryable or not isinstance(error, FatalError)
            else:
                return Fetched(wanted.path, None)
        reason = "; ".join(problems) if problems else "neither object storage nor an LFS server is configured"
        return Fetched(wanted.path, f"{wanted.path} could not be downloaded: {reason}", is_retryable)

    async def _download(self, place: int, file: ManifestFile, target: Path, on_progress: Progress | None) -> None:
        attempts = 1 if place in self._weak else SEED_FILE.attempts
        try:
            await download_file(self.sources[place], file, target, on_progress, attempts=attempts)
        except RetryableError:
            self._weak.add(place)
            raise
        self._weak.discard(place)


@asynccontextmanager
async def open_store(settings: SeedStorageSettings) -> AsyncIterator[SeedStore]:
    """Open the configured sources."""
    async with httpx.AsyncClient(
        transport=make_outbound_transport(settings), timeout=_TIMEOUT, follow_redirects=False
    ) as client:
        sources: list[SeedSource] = []
        if settings.has_bucket:
            sources.append(BucketSource(settings, client))
        if settings.lfs_url is not None:
            sources.append(LfsSource(settings, client))
        yield SeedStore(sources)


async def fetch_files(
    settings: SeedStorageSettings, wanted: Sequence[WantedFile], *, on_progress: Progress | None = None
) -> list[Fetched]:
    """Download files from the configured sources, one after another, and return the outcome of each.

    `on_progress(path, bytes so far, bytes in all)` is called for every block; what it raises ends all downloads.
    """
    async with open_store(settings) as store:
        return [await store.fetch(one, on_progress) for one in wanted]


async def fetch_again(
    settings: SeedStorageSettings, wanted: WantedFile, *, on_progress: Progress | None = None
) -> None:
    """Download a file of a run's plan that is no longer on this disk.

    Raises RetryableError if it may be available later, FatalError if storage holds other content or none.
    """
    (fetched,) = await fetch_files(settings, [wanted], on_progress=on_progress)
    if fetched.problem is not None:
        kind = RetryableError if fetched.is_retryable else FatalError
        raise kind(fetched.problem, next_step="Committed chunks are kept; put the file back, or load again.")


def _check_content(file: ManifestFile, wanted: WantedFile) -> None:
    if wanted.exact and (file.sha256, file.size) != (wanted.oid, wanted.size):
        raise FatalError(
            f"{file.path} has changed in storage since this run was planned (SHA-256 {file.sha256[:12]}..).",
            next_step="Start a new run.",
        )


async def download_file(
    source: SeedSource,
    file: ManifestFile,
    target: Path,
    on_progress: Progress | None = None,
    *,
    attempts: int | None = SEED_FILE.attempts,
) -> None:
    """Download a file to its final name, complete and correct; concurrent callers wait for the same download.

    Raises RetryableError after `attempts` interrupted downloads, FatalError if the content differs from the entry's.
    """
    if await asyncio.to_thread(_is_whole, target, file):
        return
    # hidden, so that a partial file is never taken for a complete one
    part = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)

    def report_other() -> None:
        if on_progress is not None:
            on_progress(file.path, part.stat().st_size if part.exists() else 0, file.size)

    with await _open_alone(part, report_other) as stream:
        try:
            if not await asyncio.to_thread(_is_whole, target, file):
                await _fill_part(source, file, part, stream, on_progress, attempts)
                part.replace(target)
        except WrongContentError:
            part.unlink(missing_ok=True)
            raise
        finally:
            if part.exists() and not part.stat().st_size:
                part.unlink()


async def _fill_part(
    source: SeedSource,
    file: ManifestFile,
    part: Path,
    stream: BinaryIO,
    on_progress: Progress | None,
    attempts: int | None,
) -> None:
    repeat = replace(SEED_FILE, attempts=attempts).retrying(lambda error: isinstance(error, RetryableError))
    await repeat(_download_rest, source, file, stream, on_progress)
    digest = await asyncio.to_thread(compute_sha256, part)
    if digest != file.sha256:
        raise WrongContentError(
            f"The content of {file.path} does not match the manifest (SHA-256 {digest[:12]}..).",
            next_step="Upload the file again, or regenerate the manifest.",
        )


async def _open_alone(part: Path, on_wait: Callable[[], None]) -> BinaryIO:
    """Open a file to append to it, exclusively on this machine: other streams and processes want it as well.

    `on_wait` is called while another holder has it; what it raises ends the waiting.
    """
    while True:
        stream = part.open("ab")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.close()
            on_wait()
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            continue
        # the previous holder may have finished and renamed the file, or deleted it
        with suppress(FileNotFoundError):
            if os.path.samestat(part.stat(), os.fstat(stream.fileno())):
                return stream
        stream.close()


def _is_whole(target: Path, file: ManifestFile) -> bool:
    return target.is_file() and target.stat().st_size == file.size and compute_sha256(target) == file.sha256


async def _download_rest(
    source: SeedSource, file: ManifestFile, stream: BinaryIO, on_progress: Progress | None
) -> None:
    size = os.fstat(stream.fileno()).st_size
    if size > file.size:
        stream.truncate(0)
        size = 0
    if size < file.size:
        try:
            async for block in source.open_from(file, size):
                size += len(block)
                if size > file.size:
                    raise WrongContentError.for_length(file)
                await asyncio.to_thread(stream.write, block)
                if on_progress is not None:
                    on_progress(file.path, size, file.size)
        finally:
            stream.flush()
    if size != file.size:
        raise RetryableError(
            f"Only {size} of {file.size} bytes of {file.path} arrived.", next_step="The download resumes there."
        )
