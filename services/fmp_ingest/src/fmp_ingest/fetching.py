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


async def fetch_in_order(
    requests: Iterator[Request], client: Client, dataset: Dataset, targets: Targets, *, width: int
) -> AsyncIterator[Result]:
    """Yield results in the order of the requests, `width` of them under way, and not too many rows waiting."""
    pending: deque[asyncio.Task[Result]] = deque()

    def count_waiting() -> int:
        done = (task.result().batch for task in pending if task.done() and not task.exception())
        return sum(batch.read for batch in done if batch is not None)

    try:
        for request in requests:
            pending.append(asyncio.create_task(fetch_request(client, dataset, request, targets)))
            while len(pending) >= width or (len(pending) % 16 == 0 and count_waiting() > _MOST_WAITING_ROWS):
                yield await pending[0]
                pending.popleft()
        while pending:
            yield await pending[0]
            pending.popleft()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
