"""Bodies of the vendor's responses: read within bounds, and classified before anything uses them."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from json import JSONDecoder
from typing import IO, Any, BinaryIO, cast

import httpx

from fmp_collectors.csv_rows import Body
from fmp_collectors.fetch import count_rows
from fmp_collectors.record_shape import Shape
from fmp_collectors.responses import (
    CAREFUL_DECODER,
    DECODER,
    HEAD_BYTES,
    FmpResponse,
    ResponseKind,
    Verdict,
    classify_response,
)
from fmp_ingest.client.call_records import BodyMeter, Receipt
from sra_shared.kit.http import BodyError, BodyTooLargeError, Bound, iterate_body
from sra_shared.kit.json_stream import BrokenJsonError, LargeJsonError, load_array
from sra_shared.kit.logs import redact_text

MOST_JSON_BYTES = 64 * 1024 * 1024
MOST_PARSED_BYTES = 128 * 1024 * 1024
"""Maximum memory of one response's values: three bytes of text may take a hundred."""
# up to this size a response stays in memory and is classified at once: some fifty may, and their values take thirty times as much
_LARGE_BYTES = 128 * 1024


IN_TURN: ContextVar[Callable[[], Awaitable[object]] | None] = ContextVar("in_turn", default=None)
"""Awaited before a large response is classified while many requests are in flight. Otherwise its values would wait in
memory."""


@dataclass(frozen=True)
class LargeResponse:
    """A JSON response that waits on disk to be classified."""

    spool: IO[bytes]
    meter: BodyMeter
    status: int
    shape: Shape

    async def classify(self) -> tuple[FmpResponse, Receipt | None]:
        """Wait for its turn, then parse it in another thread; return the response, and its receipt if it is data."""
        with self.spool:
            if (in_turn := IN_TURN.get()) is not None:
                await in_turn()
            verdict = await _classify_body(self.spool, self.meter.size, self.status, self.shape)
        return _conclude(verdict, self.meter, self.status)


async def read_json(
    response: httpx.Response, status: int, shape: Shape
) -> tuple[FmpResponse, Receipt | None] | LargeResponse:
    """Read a JSON response of up to `MOST_JSON_BYTES`; return its receipt if it is data. A large one is classified later."""
    spool = tempfile.SpooledTemporaryFile(_LARGE_BYTES)  # noqa: SIM115 - a large response keeps it
    is_kept = False
    try:
        meter = await _spool(response, Bound.of(MOST_JSON_BYTES), spool)
        if isinstance(meter, Verdict):
            return FmpResponse(meter), None
        if meter.size > _LARGE_BYTES:
            is_kept = True
            return LargeResponse(spool, meter, status, shape)
        return _conclude(await _classify_body(spool, meter.size, status, shape), meter, status)
    finally:
        if not is_kept:
            spool.close()


def _conclude(verdict: Verdict, meter: BodyMeter, status: int) -> tuple[FmpResponse, Receipt | None]:
    receipt = meter.make_receipt(status, len(verdict.rows)) if verdict.kind.is_ok else None
    return FmpResponse(_redact(verdict)), receipt


async def read_csv(
    response: httpx.Response, status: int, shape: Shape, *, most_bytes: int
) -> tuple[FmpResponse, Receipt | None]:
    """Spool the response to disk, since a bulk file can be larger than memory; return its receipt if it is data."""
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        meter = await _spool(response, Bound.of(most_bytes), file)
        verdict = meter if isinstance(meter, Verdict) else await _classify_file(file, meter.size, status, shape)
        if verdict.kind is ResponseKind.OK_CSV and not isinstance(meter, Verdict):
            rows = await asyncio.to_thread(count_rows, cast("Body", file))
            if rows is not None:
                return FmpResponse(verdict, cast("Body", file)), meter.make_receipt(status, rows)
            verdict = Verdict(ResponseKind.TRUNCATED, "the file ends inside a row")
    except BaseException:
        file.close()
        raise
    file.close()
    return (FmpResponse(_redact(verdict)), None) if isinstance(meter, Verdict) else _conclude(verdict, meter, status)


async def _spool(response: httpx.Response, bound: Bound, file: IO[bytes]) -> BodyMeter | Verdict:
    """Write the body to a file and return its measure, or why it cannot be used."""
    meter = BodyMeter()
    try:
        async for piece in iterate_body(response, bound):
            meter.add(piece)
            if meter.size <= _LARGE_BYTES:
                file.write(piece)
            else:
                await asyncio.to_thread(file.write, piece)
    except BodyTooLargeError as error:
        return Verdict(ResponseKind.TOO_LARGE, error.message)
    except BodyError as error:
        return Verdict(ResponseKind.TRUNCATED, error.message)
    return meter


async def _classify_file(file: BinaryIO, size: int, status: int, shape: Shape) -> Verdict:
    """Classify what should be CSV by its head, or as a whole if it is JSON."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.lstrip()[:1] in (b"[", b"{"):
        return await _classify_body(file, size, status, shape)
    return classify_response(status, head, expects_csv=True, shape=shape)


async def _classify_body(file: IO[bytes], size: int, status: int, shape: Shape) -> Verdict:
    """Classify what should be JSON."""
    file.seek(0)
    if size <= _LARGE_BYTES:
        return classify_response(status, file.read(), shape=shape)
    head = file.read(HEAD_BYTES)
    classify = functools.partial(
        classify_response, status, head, shape=shape, load=functools.partial(_load_large, file, size)
    )
    try:
        return await asyncio.to_thread(classify)
    except LargeJsonError as error:
        is_good = 200 <= status < 300
        # do not read the message of such a large refusal
        return Verdict(ResponseKind.TOO_LARGE, error.message) if is_good else classify_response(status, b"")


def _load_large(file: IO[bytes], size: int, head: bytes) -> Any:
    """Return the array in a file; raises ValueError if it is none, LargeJsonError if it would take too much memory."""
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        raise LargeJsonError(f"The response is one object of {size:,} bytes.")
    try:
        return _load_array(file, DECODER)
    except ArithmeticError:
        return _load_array(file, CAREFUL_DECODER)


def _load_array(file: IO[bytes], decoder: JSONDecoder) -> list[Any]:
    try:
        return load_array(file, "this call", decoder, most_parsed=MOST_PARSED_BYTES)
    except LargeJsonError:
        raise
    except BrokenJsonError as error:
        raise ValueError(error.message) from error


def _redact(verdict: Verdict) -> Verdict:
    return Verdict(verdict.kind, redact_text(verdict.message), verdict.rows)
