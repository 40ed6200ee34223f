"""Many requests in flight at once, with their results in the order of the requests."""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar, cast

from fmp_collectors.dataset import FmpDataset, FmpRequest, Targets
from fmp_collectors.fetch import Client, fetch_pages, parse_rows, reaches_limit, read_rows
from fmp_collectors.records import Batch
from fmp_collectors.repeats import settle_repeats
from fmp_collectors.responses import FmpResponse, ResponseError
from fmp_ingest.client.response_bodies import IN_TURN

_MOST_WAITING_ROWS = 20_000
_FEW_ROWS = 1_000
Arriving = TypeVar("Arriving")


@dataclass
class Result:
    """The outcome of one request; `is_cut` if a response has as many rows as one that was cut."""

    request: FmpRequest
    batch: Batch | None = None
    error: ResponseError | None = None
    is_cut: bool = False


async def fetch_request(client: Client, dataset: FmpDataset, request: FmpRequest, targets: Targets) -> Result:
    """Fetch and read all pages of a request."""
    batch, is_cut = Batch(), False
    try:
        async for response in fetch_pages(client, dataset, request):
            is_cut = is_cut or reaches_limit(response, request)
            batch.extend(await _read_page(response, dataset, request, targets))
        await settle(dataset, batch)
    except ResponseError as error:
        return Result(request, error=error)
    return Result(request, batch, is_cut=is_cut)


async def settle(dataset: FmpDataset, batch: Batch) -> None:
    """Like `settle_repeats`, but in another thread for many rows."""
    if len(batch.accepted) <= _FEW_ROWS:
        settle_repeats(dataset, batch)
    else:
        await asyncio.to_thread(settle_repeats, dataset, batch)


def parse_targets(dataset: FmpDataset, rows: Iterable[Any], request: FmpRequest, targets: Targets) -> Batch:
    """Like `parse_rows`, for the targets of a run."""
    return parse_rows(
        dataset, rows, request, known_symbols=targets.known_symbols, only=targets.only, aliases=targets.aliases
    )


async def _read_page(response: FmpResponse, dataset: FmpDataset, request: FmpRequest, targets: Targets) -> Batch:
    """Read the rows of a response as records; many rows in another thread, since a bulk file has those of the whole world."""
    read = functools.partial(parse_targets, dataset, read_rows(response), request, targets)
    try:
        is_short = response.csv is None and len(response.verdict.rows) <= _FEW_ROWS
        batch = read() if is_short else await asyncio.to_thread(read)
    finally:
        if response.csv is not None:
            cast("BinaryIO", response.csv).close()
    batch.name_call(response.call, request.origin)
    return batch


class _Line:
    """Requests in flight, in order. The next call raises an exception of any of them, because it concerns them all."""

    def __init__(self) -> None:
        self._pending: deque[asyncio.Task[Result]] = deque()
        self._turns: deque[asyncio.Event] = deque()
        self._failure: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, request: Coroutine[Any, Any, Result]) -> None:
        """Append a request; a large response to it is classified once the request is first in line and its result is wanted."""
        turn = asyncio.Event()
        context = copy_context()
        context.run(IN_TURN.set, turn.wait)
        task = asyncio.create_task(request, context=context)
        task.add_done_callback(self._record_failure)
        self._pending.append(task)
        self._turns.append(turn)

    def _record_failure(self, task: asyncio.Task[Result]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._failure.done():
            self._failure.set_exception(error)

    @property
    def is_full(self) -> bool:
        """Whether many rows wait behind an earlier request."""
        if len(self._pending) % 16:
            return False
        done = (task.result().batch for task in self._pending if task.done() and not task.exception())
        return sum(batch.read for batch in done if batch is not None) > _MOST_WAITING_ROWS

    async def take_first(self) -> Result:
        """Wait for the first request; raises its exception, or that of another request that failed before it was done."""
        first = self._pending[0]
        self._turns[0].set()
        await asyncio.wait((first, self._failure), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            return self._failure.result()
        self._pending.popleft()
        self._turns.popleft()
        return first.result()

    async def close(self) -> None:
        """Cancel the remaining requests."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        if not self._failure.cancel():
            # `take_first` has raised it, or it came too late to matter
            self._failure.exception()


async def fetch_in_order(
    requests: Iterator[FmpRequest], client: Client, dataset: FmpDataset, targets: Targets, *, width: int
) -> AsyncIterator[Result]:
    """Yield results in the order of the requests, with `width` requests in flight and a bound on waiting rows.

    An exception of any request is raised at once, even before its place in the order.
    """
    line = _Line()
    try:
        for request in requests:
            line.add(fetch_request(client, dataset, request, targets))
            while len(line) >= width or line.is_full:
                yield await line.take_first()
        while len(line):
            yield await line.take_first()
    finally:
        await line.close()


async def check_stop(
    arriving: AsyncIterator[Arriving], check: Callable[[], None], *, stop_check: float
) -> AsyncGenerator[Arriving, None]:
    """Yield what arrives; call `check` every `stop_check` seconds while waiting for the vendor, and raise what it raises.

    Retries, circuit breakers and the limiter may take minutes, but a process that is asked to stop has seconds.
    """
    while True:
        following = asyncio.ensure_future(anext(arriving, None))
        try:
            while not (await asyncio.wait({following}, timeout=stop_check))[0]:
                check()
        except BaseException:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            raise
        found = following.result()
        if found is None:
            return
        yield found
