"""Many requests under way at once, their results in the order in which they were asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from fmp_collectors.answers import Answer, AnswerError
from fmp_collectors.dataset import Dataset, Request, Targets
from fmp_collectors.fetch import Client, fetch_pages, parse_rows, read_rows
from fmp_collectors.records import Batch

_MOST_WAITING_ROWS = 20_000


@dataclass
class Result:
    """What came of one request."""

    request: Request
    batch: Batch | None = None
    error: AnswerError | None = None


async def fetch_request(client: Client, dataset: Dataset, request: Request, targets: Targets) -> Result:
    """Fetch and read all pages of a request."""
    batch = Batch()
    try:
        async for answer in fetch_pages(client, request):
            batch.extend(await _read_page(answer, dataset, request, targets))
    except AnswerError as error:
        return Result(request, error=error)
    return Result(request, batch)


async def _read_page(answer: Answer, dataset: Dataset, request: Request, targets: Targets) -> Batch:
    if answer.csv is None:
        return parse_rows(dataset, read_rows(answer), request, known_symbols=targets.known_symbols, only=targets.only)
    try:
        # a bulk file has the whole world's rows
        return await asyncio.to_thread(
            parse_rows, dataset, read_rows(answer), request, known_symbols=targets.known_symbols, only=targets.only
        )
    finally:
        cast("BinaryIO", answer.csv).close()


class _Line:
    """Requests under way, in their order. What any of them raises, the next look raises: it concerns them all."""

    def __init__(self) -> None:
        self._pending: deque[asyncio.Task[Result]] = deque()
        self._trouble: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, task: asyncio.Task[Result]) -> None:
        """Put a request at the end."""
        task.add_done_callback(self._note_trouble)
        self._pending.append(task)

    def _note_trouble(self, task: asyncio.Task[Result]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._trouble.done():
            self._trouble.set_exception(error)

    @property
    def is_full(self) -> bool:
        """Whether many rows wait for a request before them."""
        if len(self._pending) % 16:
            return False
        done = (task.result().batch for task in self._pending if task.done() and not task.exception())
        return sum(batch.read for batch in done if batch is not None) > _MOST_WAITING_ROWS

    async def take_first(self) -> Result:
        """Wait for the first request; raises what it, or another one while it was not done, has raised."""
        first = self._pending[0]
        await asyncio.wait((first, self._trouble), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            return self._trouble.result()
        self._pending.popleft()
        return first.result()

    async def close(self) -> None:
        """Break off what is left."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        if not self._trouble.cancel():
            # it was raised by `take_first`, or came too late to matter
            self._trouble.exception()


async def fetch_in_order(
    requests: Iterator[Request], client: Client, dataset: Dataset, targets: Targets, *, width: int
) -> AsyncIterator[Result]:
    """Yield results in the order of the requests, `width` of them under way, and not too many rows waiting.

    Raises what any of the requests raises, also before its place in the order has come.
    """
    line = _Line()
    try:
        for request in requests:
            line.add(asyncio.create_task(fetch_request(client, dataset, request, targets)))
            while len(line) >= width or line.is_full:
                yield await line.take_first()
        while len(line):
            yield await line.take_first()
    finally:
        await line.close()
