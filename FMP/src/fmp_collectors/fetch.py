"""Asking and reading: the same steps for every dataset, through a client that is handed in."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from datetime import date, timedelta
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
    """Yield the answers to a request: one, page after page, part after part (from `first_part`), or for shorter and shorter
    ranges of days. Raises AnswerError."""
    source = request.source
    if source.scope is Scope.PARTS:
        answers = _fetch_parts(client, request, first_part)
    elif source.full_rows is not None:
        answers = _fetch_range(client, request, date.fromisoformat(request.params["from"]))
    elif source.page_size is not None:
        answers = _fetch_list(client, request, {"limit": str(source.page_size)})
    else:
        answers = _fetch_variants(client, request)
    async for answer in answers:
        yield answer


async def _fetch_variants(client: Client, request: Request) -> AsyncIterator[Answer]:
    for variant in request.variants or ({},):
        params = {**request.params, **variant}
        yield await client.get(request.path, params, subject=request.subject, is_bulk=request.source.is_bulk)


async def _fetch_list(
    client: Client, request: Request, fixed: Mapping[str, str], *, first: int = 0, seen: Set[str] = frozenset()
) -> AsyncIterator[Answer]:
    """Ask page after page, from `first`, until one brings nothing that was not there or `seen` before.

    A server that caps `limit` below what was asked shows by a next page; one that ignores `page` by the same entries, whose
    prices may have moved.
    """
    for page in range(first, _MOST_PAGES):
        params = {**request.params, **fixed, "page": str(page)}
        try:
            answer = await client.get(request.path, params, subject=request.subject)
        except AnswerError as error:
            if page and error.kind is Kind.BAD_REQUEST:
                return
            raise
        entries = {_name_entry(row) for row in answer.verdict.rows}
        if entries <= seen:
            return
        yield answer
        seen = seen | entries
    raise AnswerError(Verdict(Kind.TOO_LARGE, f"more than {_MOST_PAGES} pages"), path=request.path)


def _name_entry(row: Any) -> str:
    """Return what tells a row of a list from the others, whatever else in it changes."""
    if not isinstance(row, Mapping) or read_absence(row.get("symbol")) is None:
        return repr(row)
    return f"{row['symbol']} {row.get('date', '')} {row.get('delistedDate', '')}"


async def _fetch_range(client: Client, request: Request, first: date) -> AsyncIterator[Answer]:
    """Ask for the days from `first` on, and for halves of them where the answer is as long as one that was cut."""
    last = date.fromisoformat(request.params["to"])
    answer = await client.get(request.path, request.params, subject=request.subject)
    if len(answer.verdict.rows) < cast("int", request.source.full_rows):
        yield answer
    elif first < last:
        middle = first + (last - first) // 2
        for start, end in ((first, middle), (middle + timedelta(days=1), last)):
            params = {**request.params, "from": start.isoformat(), "to": end.isoformat()}
            async for part in _fetch_range(client, replace(request, params=params), start):
                yield part
    elif request.source.has_pages:
        yield answer
        seen = {_name_entry(row) for row in answer.verdict.rows}
        async for page in _fetch_list(client, request, {}, first=1, seen=seen):
            yield page
    else:
        raise AnswerError(
            Verdict(Kind.TOO_LARGE, f"{len(answer.verdict.rows)} rows for {first}, as many as an answer has at most"),
            path=request.path,
            subject=request.subject,
        )


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


def ends_bare(body: Body) -> bool:
    """Whether a CSV body does not end with the end of a line: it may be cut inside its last field, which nothing else shows."""
    if not body.seek(0, os.SEEK_END):
        return False
    body.seek(-1, os.SEEK_END)
    last = body.read(1)
    body.seek(0)
    return last not in (b"\n", b"\r")


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
    texts = [str(value).strip().upper() for value in named if isinstance(value, str | int)]
    return bool(texts) and not any(text in wanted for text in texts)


def _number_repeat(dataset: Dataset, accepted: Accepted, seen: Counter[tuple[Any, ...]]) -> Accepted:
    key = tuple(getattr(accepted.record, name) for name in dataset.key if name != "occurrence")
    seen[key] += 1
    return Accepted(accepted.record.model_copy(update={"occurrence": seen[key]}), accepted.raw)
