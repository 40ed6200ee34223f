"""Reads HTTP bodies in steps: at most one content encoding, with limits on the compressed and the decompressed size."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import httpx

from sra_shared.kit.errors import RetryableError
from sra_shared.kit.texts import excerpt

_PIECE = 1 << 18
_MOST_MEMBERS = 10_000
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15
_GZIP_NAMES, _DEFLATE_NAMES = ("gzip", "x-gzip"), ("deflate",)


@dataclass(frozen=True)
class Bound:
    """How many bytes may arrive, and how many they may decompress to.

    At least `slowest` bytes must arrive in every `window` seconds.
    """

    raw: int
    decoded: int
    slowest: int = 1 << 15
    window: float = 60.0

    @classmethod
    def of(cls, size: int) -> Bound:
        """Return the bound of bodies of at most `size` bytes, compressed or not."""
        return cls(size, size)


class BodyError(RetryableError):
    """A body that cannot be used: its encoding is unknown, repeated or damaged, it is cut off, or it arrives too slowly."""


class BodyTooLargeError(BodyError):
    """A body that exceeds the limit, compressed or decompressed."""


class Unpacker:
    """Removes the content encoding of a body, piece by piece, within its bound."""

    def __init__(self, encodings: Sequence[str], bound: Bound) -> None:
        """`encodings` are the Content-Encoding headers; raises BodyError for more than one or an unknown encoding."""
        names = [name.strip().lower() for header in encodings for name in header.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > 1:
            raise BodyError(f"The body is encoded {len(names)} times ({excerpt(', '.join(names), 40)}).")
        if names and names[0] not in (*_GZIP_NAMES, *_DEFLATE_NAMES):
            raise BodyError(f"The body has the encoding {excerpt(names[0], 40)!r}, which was not requested.")
        self._name = names[0] if names else ""
        self._bound = bound
        self._raw = self._decoded = self._members = 0
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the next bytes decompressed; raises BodyTooLargeError or BodyError."""
        self._raw += len(data)
        if self._raw > self._bound.raw:
            raise BodyTooLargeError(f"The body has more than {self._bound.raw:,} bytes.")
        if not self._name:
            yield self._count(data)
            return
        while data:
            inflate = self._inflate = self._inflate or self._open_member(data)
            try:
                piece = inflate.decompress(data, _PIECE)
            except zlib.error as error:
                raise BodyError(f"The body is not valid {self._name}.") from error
            if piece:
                yield self._count(piece)
            data = inflate.unconsumed_tail
            if inflate.eof:
                data, self._inflate = inflate.unused_data, None

    def finish(self) -> Iterator[bytes]:
        """Yield the rest; raises BodyError if the body ends inside its encoding."""
        if self._inflate is not None:
            # all input has been consumed, so the window holds at most one more match
            rest = self._inflate.flush()
            if rest:
                yield self._count(rest)
            if not self._inflate.eof:
                raise BodyError(f"The body is cut off inside its {self._name} encoding.")
        elif self._name and self._raw and not self._members:
            raise BodyError(f"The body is not valid {self._name}.")

    def _open_member(self, data: bytes) -> zlib._Decompress:
        self._members += 1
        if self._members > (_MOST_MEMBERS if self._name in _GZIP_NAMES else 1):
            raise BodyError(f"The body continues after the end of its {self._name} encoding.")
        if self._name in _GZIP_NAMES:
            return zlib.decompressobj(_GZIP_WINDOW)
        # RFC 9110 means the zlib format, but some servers send raw deflate
        is_zlib = data[0] & 0x0F == 0x08 and (len(data) == 1 or (data[0] << 8 | data[1]) % 31 == 0)
        return zlib.decompressobj(_ZLIB_WINDOW if is_zlib else _RAW_WINDOW)

    def _count(self, piece: bytes) -> bytes:
        self._decoded += len(piece)
        if self._decoded > self._bound.decoded:
            raise BodyTooLargeError(f"The body decompresses to more than {self._bound.decoded:,} bytes.")
        return piece


class _Pace:
    """Checks that a body arrives fast enough."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._since, self._arrived = time.monotonic(), 0

    def record(self, size: int) -> None:
        """Count received bytes; raises BodyError if there were too few for too long."""
        self._arrived += size
        now = time.monotonic()
        if now - self._since >= self._bound.window:
            if self._arrived < self._bound.slowest:
                raise BodyError(f"The body arrives too slowly: {self._arrived:,} bytes in {now - self._since:.0f} s.")
            self._since, self._arrived = now, 0


async def iterate_body(response: httpx.Response, bound: Bound) -> AsyncIterator[bytes]:
    """Yield the decompressed body of an open response, in pieces of at most 256 KB.

    Raises BodyError, BodyTooLargeError, and httpx's errors if the connection breaks.
    """
    unpacker, pace = _open_body(response, bound), _Pace(bound)
    async for raw in response.aiter_raw():
        pace.record(len(raw))
        for piece in unpacker.feed(raw):
            yield piece
    for piece in unpacker.finish():
        yield piece


def iterate_body_blocking(response: httpx.Response, bound: Bound) -> Iterator[bytes]:
    """As `iterate_body`, for a response of a client without an event loop."""
    unpacker, pace = _open_body(response, bound), _Pace(bound)
    for raw in response.iter_raw():
        pace.record(len(raw))
        yield from unpacker.feed(raw)
    yield from unpacker.finish()


def _open_body(response: httpx.Response, bound: Bound) -> Unpacker:
    declared = response.headers.get("Content-Length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > bound.raw):
        raise BodyTooLargeError(f"The body has more than {bound.raw:,} bytes.")
    return Unpacker(response.headers.get_list("Content-Encoding"), bound)
