"""Response bodies: one encoding at most, read in steps within limits, from real servers."""

from __future__ import annotations

import gzip
import hashlib
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sra_shared.kit.http import (
    BodyError,
    BodyTooLargeError,
    Bound,
    ExchangeError,
    HttpResponse,
    send_request,
    send_request_blocking,
)
from sra_shared.kit.http.bodies import Unpacker
from sra_testing.small_server import QuietHandler, serve

LARGE = Bound.of(1 << 30)


def unpack(body: bytes, *encodings: str, bound: Bound = LARGE, step: int = 65_536) -> bytes:
    unpacker = Unpacker(encodings, bound)
    pieces = [piece for at in range(0, len(body), step) for piece in unpacker.feed(body[at : at + step])]
    return b"".join([*pieces, *unpacker.finish()])


def deflate(body: bytes, window: int) -> bytes:
    packer = zlib.compressobj(wbits=window)
    return packer.compress(body) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": lambda body: gzip.compress(body[:1000]) + gzip.compress(body[1000:]),
    "deflate": lambda body: deflate(body, 15),
    " DEFLATE ": lambda body: deflate(body, -15),
    "identity": bytes,
    "": bytes,
}


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=3000) | st.integers(1, 200_000).map(bytes),
    name=st.sampled_from(sorted(PACKERS)),
    step=st.integers(1, 70_000),
)
def test_compressed_bodies_are_restored_in_any_pieces(body: bytes, name: str, step: int) -> None:
    packed = PACKERS[name](body)
    assert unpack(packed, name, step=max(step, len(packed) // 500 + 1)) == body


@settings(max_examples=60, deadline=None)
@given(body=st.binary(min_size=1, max_size=2000), name=st.sampled_from(["gzip", "deflate"]), data=st.data())
def test_damaged_bodies_are_errors_or_limited(body: bytes, name: str, data: st.DataObject) -> None:
    packed = bytearray(PACKERS[name](body))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BodyError):
        assert len(unpack(bytes(packed), name, bound=Bound.of(10_000))) <= 10_000


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_truncated_or_overlong_bodies_are_errors(name: str) -> None:
    packed = PACKERS[name](hashlib.shake_128(b"1").digest(5000))
    for body in (packed[:-1], packed[:20], packed + b"and more"):
        with pytest.raises(BodyError):
            unpack(body, name)


@pytest.mark.parametrize(
    ("encodings", "words"),
    [
        (["gzip, gzip"], "encoded 2 times (gzip, gzip)"),
        (["gzip", "deflate"], "encoded 2 times"),
        (["gzip," * 5000], "encoded 5000 times"),
        (["br"], "'br', which was not requested"),
        (["zstd"], "'zstd', which was not requested"),
        (["\x00\x1b[31mgzip"], "'[31mgzip', which was not requested"),
    ],
)
def test_several_or_unknown_encodings_are_an_error_with_a_reason(encodings: list[str], words: str) -> None:
    with pytest.raises(BodyError) as raised:
        Unpacker(encodings, LARGE)
    assert words in str(raised.value)
    assert len(str(raised.value)) < 200


def test_a_body_that_decompresses_to_too_much_is_abandoned_early() -> None:
    packed = gzip.compress(bytes(50_000_000))
    taken: list[int] = []
    with pytest.raises(BodyTooLargeError):
        taken.extend(len(piece) for piece in Unpacker(["gzip"], Bound.of(1_000_000)).feed(packed))
    assert sum(taken) <= 1_000_000


@contextmanager
def responding(chunks: list[bytes], headers: Mapping[str, str], *, pause: float = 0) -> Iterator[str]:
    """A server that sends these chunks as its body, and repeats the last one."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 - a name of http.server
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                for chunk in chunks:
                    self.wfile.write(chunk)
                    self.wfile.flush()
                    time.sleep(pause)

    with serve(Handler) as url:
        yield url


async def ask(url: str, bound: Bound, seconds: float | None = None) -> HttpResponse:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await send_request(client, "GET", url, bound=bound, seconds=seconds)


async def test_a_body_with_a_too_large_content_length_is_not_read() -> None:
    with (
        responding([b"x"], {"Content-Length": str(2 << 30)}) as url,
        pytest.raises(ExchangeError, match="more than 1,000,000 bytes"),
    ):
        await ask(url, Bound.of(1_000_000))


async def test_a_slowly_sent_body_is_abandoned() -> None:
    with responding([b"x"] * 400, {}, pause=0.01) as url:
        with pytest.raises(ExchangeError, match="too slowly"):
            await ask(url, Bound(1000, 1000, slowest=1000, window=0.1))
        with pytest.raises(ExchangeError, match="TimeoutError"):
            await ask(url, Bound.of(1000), seconds=0.1)


@pytest.mark.parametrize("declared", ["gzip", "gzip, gzip"])
async def test_1559_bytes_that_unpack_to_gigabytes_are_an_error(declared: str) -> None:
    """Packed twice, a few bytes hold what no machine does: once is taken off, and what is left is no JSON."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    once = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(40)), packer.flush()])
    body = gzip.compress(once)
    assert len(body) < 4000 < len(once)
    with responding([body], {"Content-Encoding": declared, "Content-Length": str(len(body))}) as url:
        if declared == "gzip":
            reply = await ask(url, Bound.of(1 << 20))
            assert reply.body == once
            with pytest.raises(ValueError):  # noqa: PT011 - json's own, with any words
                reply.read_json()
        else:
            with pytest.raises(ExchangeError, match="encoded 2 times"):
                await ask(url, Bound.of(1 << 20))
        with httpx.Client(trust_env=False) as client, suppress(ExchangeError):
            assert send_request_blocking(client, "GET", url).body == once


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://127.0.0.1:99999/", "ftp://127.0.0.1/", "http://a\x00b/", "http://127.0.0.1:1/é\ud800"],
)
async def test_an_invalid_address_is_a_failed_request(url: str) -> None:
    with pytest.raises(ExchangeError):
        await ask(url, LARGE)
