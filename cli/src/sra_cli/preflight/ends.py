"""The beginning and the end of a seed file, on disk or in storage, parsed as the loader parses them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import cast

from fundata_ingest.catalogue import Catalogue, FundataDataset, normalise_name
from fundata_ingest.formats.batches import FileHead, FileProblem, Position, Reject, TextBatch
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.formats.file_heads import HEAD_BYTES, inspect_file
from fundata_ingest.seed.manifest import ManifestFile
from fundata_ingest.seed.sources import SeedSource
from fundata_ingest.transform.typed_batches import type_batch

SAMPLE_BYTES = 256 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DELIMITERS = {b";": "semicolon", b"\t": "tab", b"|": "bar"}


@dataclass(frozen=True)
class Ends:
    """The first and the last bytes of a file of `size` bytes; a short file is entirely in `head`."""

    head: bytes
    tail: bytes
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether the whole file was read."""
        return len(self.head) >= self.size


@dataclass
class Sample:
    """The loader's result for the records at both ends."""

    records: int = 0
    size: int = 0
    rejected_by: Counter[str] = field(default_factory=Counter)
    warnings_by: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """Records that would be quarantined."""
        return self.rejected_by.total()


def read_ends(location: Path) -> Ends:
    """Return both ends of a file on disk; raises OSError if it cannot be read."""
    with location.open("rb") as stream:
        head = stream.read(2 * SAMPLE_BYTES)
        size = max(stream.seek(0, io.SEEK_END), len(head))
        if len(head) == size:
            return Ends(head, b"", size)
        stream.seek(max(size - SAMPLE_BYTES, SAMPLE_BYTES))
        return Ends(head[:SAMPLE_BYTES], stream.read(SAMPLE_BYTES), size)


async def fetch_ends(source: SeedSource, file: ManifestFile) -> Ends:
    """Return both ends of a file in storage; raises RetryableError or FatalError if they cannot be downloaded."""
    if file.size <= 2 * SAMPLE_BYTES:
        return Ends(await _take(source, file, 0, file.size), b"", file.size)
    head = await _take(source, file, 0, SAMPLE_BYTES)
    return Ends(head, await _take(source, file, file.size - SAMPLE_BYTES, SAMPLE_BYTES), file.size)


async def _take(source: SeedSource, file: ManifestFile, offset: int, most: int) -> bytes:
    taken = bytearray()
    # closing ends the download of the rest
    async with aclosing(cast("AsyncGenerator[bytes, None]", source.open_from(file, offset))) as blocks:
        async for block in blocks:
            taken += block
            if len(taken) >= most:
                break
    return bytes(taken[:most])


def check_head(ends: Ends, path: str, catalogue: Catalogue) -> FileHead | FileProblem:
    """Return the loader's verdict on a whole file."""
    return inspect_file(ends.head[:HEAD_BYTES], path, catalogue)


def describe_encoding(head: bytes) -> str:
    """Return the encoding of the first lines, as a load would detect it."""
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return "other than UTF-8"
    return "UTF-8 with a byte order mark" if head.startswith(_BYTE_ORDER_MARK) else "UTF-8"


def guess_delimiter(head: bytes, dataset: FundataDataset) -> str:
    """Return the delimiter of the header: the comma, unless another character yields more of the declared names."""
    line = head.removeprefix(_BYTE_ORDER_MARK).split(b"\n", 1)[0]
    known = dataset.names_by_normal_form

    def count(sign: bytes) -> int:
        names = (name.decode("utf-8", "replace").strip().strip('"') for name in line.split(sign))
        return sum(normalise_name(name) in known for name in names)

    best = max(_DELIMITERS, key=count)
    return _DELIMITERS[best] if count(best) > max(1, count(b",")) else "comma"


def check_records(ends: Ends, head: FileHead, today: date) -> Sample:
    """Read and type the records at both ends as the loader does; records cut off at the edge are not counted."""
    sample = Sample()
    data = ends.head if ends.is_whole else ends.head[: ends.head.rfind(b"\n") + 1]
    _add(sample, data, head, today, is_open=not ends.is_whole)
    if not ends.is_whole:
        begin = ends.tail.find(b"\n") + 1
        moved = FileHead(head.dataset, head.columns, Position(0, 1))
        _add(sample, ends.tail[begin:], moved, today, is_joined=True)
    return sample


def _add(
    sample: Sample, data: bytes, head: FileHead, today: date, *, is_open: bool = False, is_joined: bool = False
) -> None:
    sample.size += len(data) - head.start.offset
    for batch in _read(data, head):
        typed = type_batch(batch, today=today)
        rejects = list(typed.rejects)
        lines = cast("list[int]", batch.frame["source_line"].to_list())
        if is_joined:
            # a multi-line text may begin before the part that was read
            rejects = _drop_before(rejects, lines)
            is_joined = False
        if is_open and batch.end.offset >= len(data):
            rejects = [one for one in rejects if not lines or one.line < lines[-1] or one.reason != "field_count"]
        sample.records += typed.frame.height + len(rejects)
        sample.rejected_by.update(str(one.reason) for one in rejects)
        sample.warnings_by.update(str(one.reason) for one in typed.warnings)


def _read(data: bytes, head: FileHead) -> Iterator[TextBatch]:
    return read_batches(io.BytesIO(data), head)


def _drop_before(rejects: list[Reject], lines: list[int]) -> list[Reject]:
    return [one for one in rejects if not lines or one.line >= lines[0]]
