"""Asking and reading: the same steps for every dataset, through a client that is handed in."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol, cast

from fmp_collectors.answers import Answer, AnswerError, Body, Kind, Verdict
from fmp_collectors.dataset import Dataset, Request, Scope
from fmp_collectors.records import Accepted, Batch, is_foreign, parse_row, read_absence

_MOST_PAGES = 1000


class Client(Protocol):
    """What fetches: it paces, retries and classifies, and knows the key."""

    async def get(self, path: str, params: Mapping[str, str], *, subject: str = "", is_bulk: bool = False) -> Answer:
        """Return a good answer; raises AnswerError where there is none to be had."""


async def fetch_pages(client: Client, request: Request, *, first_part: int = 0) -> AsyncIterator[Answer]:
    """Yield the answers to a request: one, page after page, or part after part (from `first_part`). Raises AnswerError."""
    source = request.source
    if source.scope is Scope.PARTS:
        async for answer in _fetch_parts(client, request, first_part):
            yield answer
        return
    if source.page_size is None:
        for variant in request.variants or ({},):
            params = {**request.params, **variant}
            yield await client.get(request.path, params, subject=request.subject, is_bulk=source.is_bulk)
        return
    before: tuple[Any, ...] = ()
    for page in range(_MOST_PAGES):
        params = {**request.params, "limit": str(source.page_size), "page": str(page)}
        try:
            answer = await client.get(source.path, params, subject=request.subject)
        except AnswerError as error:
            if page and error.kind is Kind.BAD_REQUEST:
                return
            raise
        rows = answer.verdict.rows
        # a server that caps `limit` below what was asked shows by a next page, one that ignores `page` by the same one
        if not rows or rows == before:
            return
        yield answer
        before = rows
    raise AnswerError(Verdict(Kind.TOO_LARGE, f"more than {_MOST_PAGES} pages"), path=source.path)


async def _fetch_parts(client: Client, request: Request, first: int) -> AsyncIterator[Answer]:
    source = request.source
    for part in range(first, _MOST_PAGES):
        try:
            yield await client.get(
                source.path, {**request.params, "part": str(part)}, subject=f"part {part}", is_bulk=source.is_bulk
            )
        except AnswerError as error:
            # a part past the end is a bad request, and the first part never is
            if part and error.kind is Kind.BAD_REQUEST:
                return
            raise


def read_rows(answer: Answer) -> Iterator[Any]:
    """Yield the rows of an answer, of CSV one by one with every value as text and empty cells as None."""
    if answer.csv is None:
        yield from answer.verdict.rows
        return
    answer.csv.seek(0)
    text = io.TextIOWrapper(cast("io.BytesIO", answer.csv), encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        reader = csv.reader(text)
        header = next(reader, [])
        for values in reader:
            if len(values) == len(header):
                yield {name: value or None for name, value in zip(header, values, strict=True)}
            elif values:
                yield values
    finally:
        text.detach()


def is_cut(body: Body) -> bool:
    """Whether a CSV body ends inside a row: its last row has fewer fields than its header."""
    body.seek(0)
    text = io.TextIOWrapper(cast("io.BytesIO", body), encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        reader = csv.reader(text)
        width, last = len(next(reader, [])), None
        for last in reader:  # noqa: B007 - only the last one matters
            pass
        return last is not None and 0 < len(last) < width
    except csv.Error:
        return True
    finally:
        text.detach()
        body.seek(0)


def parse_rows(
    dataset: Dataset,
    rows: Iterable[Any],
    request: Request,
    *,
    known_symbols: Collection[str] = frozenset(),
    only: Collection[str] | None = None,
) -> Batch:
    """Read rows as records, rejects with reasons, and a number of rows that belong to other exchanges.

    With `only`, rows of other symbols are out of scope too: somebody asked for these.
    """
    batch = Batch()
    seen: Counter[tuple[Any, ...]] = Counter()
    defaults = {"symbol": request.symbols[0]} if request.source.scope is Scope.SYMBOL else request.defaults
    reshape = request.source.reshape
    for row in rows if reshape is None else reshape(rows, request.subject):
        if isinstance(row, Mapping) and _is_elsewhere(dataset, row, known_symbols, only):
            batch.out_of_scope += 1
            continue
        parsed = parse_row(dataset.record, row, defaults=defaults)
        if isinstance(parsed, Accepted):
            batch.accepted.append(_number_repeat(dataset, parsed, seen) if dataset.numbers_repeats else parsed)
        else:
            batch.rejected.append(parsed)
    return batch


def _is_elsewhere(
    dataset: Dataset, row: Mapping[str, Any], known_symbols: Collection[str], only: Collection[str] | None
) -> bool:
    if dataset.exchange_field is not None and is_foreign(row.get(dataset.exchange_field)):
        return True
    wanted = known_symbols if dataset.symbol_fields else only
    if wanted is None:
        return False
    named = [read_absence(row.get(name)) for name in dataset.symbol_fields or ("symbol",)]
    texts = [value.strip().upper() for value in named if isinstance(value, str)]
    return bool(texts) and not any(text in wanted for text in texts)


def _number_repeat(dataset: Dataset, accepted: Accepted, seen: Counter[tuple[Any, ...]]) -> Accepted:
    key = tuple(getattr(accepted.record, name) for name in dataset.key if name != "occurrence")
    seen[key] += 1
    return Accepted(accepted.record.model_copy(update={"occurrence": seen[key]}), accepted.raw)
