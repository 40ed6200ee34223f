"""Requesting and reading: the same steps for every dataset, through an injected client."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, cast

from fmp_collectors.bounds import check_values
from fmp_collectors.csv_rows import Body, DamagedRow, iterate_rows, measure_row
from fmp_collectors.dataset import FmpDataset, FmpRequest, Scope
from fmp_collectors.record_shape import ANY_SHAPE, Finding, Shape, is_given, make_shape
from fmp_collectors.records import Accepted, Batch, Rejected, clean_name, is_foreign, parse_row, read_absence
from fmp_collectors.responses import FmpResponse, ResponseError, ResponseKind, Verdict

_MOST_PAGES = 1000
# for a bulk file stored in chunks: the hashes of all keys, and the rows that repeat one, are held in memory
_MOST_ROWS = 1_000_000
_MOST_REPEATED = 10_000
# for a response that is read whole: all its records are held in memory
_MOST_READ = 60_000
_MOST_READ_CHARACTERS = 64 << 20


class Client(Protocol):
    """The HTTP client: it paces, retries and classifies calls, and holds the key."""

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        subject: str = "",
        is_bulk: bool = False,
        shape: Shape = ANY_SHAPE,
    ) -> FmpResponse:
        """Return a successful response whose rows have the `shape`; raises ResponseError if there is none."""


class _ShapedClient:
    """A client whose responses all have one shape."""

    def __init__(self, client: Client, shape: Shape) -> None:
        self._client = client
        self._shape = shape

    async def get(
        self, path: str, params: Mapping[str, str], *, subject: str = "", is_bulk: bool = False
    ) -> FmpResponse:
        """Like `Client.get`."""
        return await self._client.get(path, params, subject=subject, is_bulk=is_bulk, shape=self._shape)


async def fetch_pages(
    client: Client, dataset: FmpDataset, request: FmpRequest, *, first_part: int = 0
) -> AsyncIterator[FmpResponse]:
    """Yield the responses to a request: one response, page by page, part by part (from `first_part`), or for ever
    shorter ranges of days. Raises ResponseError."""
    shaped = _ShapedClient(client, make_shape(dataset, request.endpoint))
    async for response in _fetch_responses(shaped, request, first_part):
        yield response


async def _fetch_responses(client: _ShapedClient, request: FmpRequest, first_part: int) -> AsyncIterator[FmpResponse]:
    endpoint = request.endpoint
    if endpoint.scope is Scope.PARTS:
        responses = _fetch_parts(client, request, first_part)
    elif endpoint.full_rows is not None:
        responses = _fetch_range(client, request, date.fromisoformat(request.params["from"]))
    elif endpoint.page_size is not None:
        responses = _fetch_list(client, request, {"limit": str(endpoint.page_size)})
    else:
        responses = _fetch_variants(client, request)
    async for response in responses:
        yield response


async def _fetch_variants(client: _ShapedClient, request: FmpRequest) -> AsyncIterator[FmpResponse]:
    for variant in request.variants or ({},):
        params = {**request.params, **variant}
        yield await client.get(request.path, params, subject=request.subject, is_bulk=request.endpoint.is_bulk)


async def _fetch_list(
    client: _ShapedClient,
    request: FmpRequest,
    fixed: Mapping[str, str],
    *,
    first: int = 0,
    seen: Set[str] = frozenset(),
) -> AsyncIterator[FmpResponse]:
    """Request page by page, from `first`, until a page has no entry that is missing from earlier pages and `seen`.

    A server that caps `limit` below the requested number reveals it by a next page. One that ignores `page` repeats the same
    entries, though their prices may have moved.
    """
    for page in range(first, _MOST_PAGES):
        params = {**request.params, **fixed, "page": str(page)}
        try:
            response = await client.get(request.path, params, subject=request.subject)
        except ResponseError as error:
            if page and error.kind is ResponseKind.BAD_REQUEST:
                return
            raise
        entries = {_name_entry(row) for row in response.verdict.rows}
        if entries <= seen:
            return
        yield response
        seen = seen | entries
    raise ResponseError(Verdict(ResponseKind.TOO_LARGE, f"more than {_MOST_PAGES} pages"), path=request.path)


def _name_entry(row: Any) -> str:
    """Return what identifies a row of a list, whatever else in it changes."""
    if not isinstance(row, Mapping) or read_absence(row.get("symbol")) is None:
        return repr(row)
    return f"{row['symbol']} {row.get('date', '')} {row.get('delistedDate', '')}"


async def _fetch_range(client: _ShapedClient, request: FmpRequest, first: date) -> AsyncIterator[FmpResponse]:
    """Request the days from `first` on, and halves of them if the response is long enough to have been cut."""
    last = date.fromisoformat(request.params["to"])
    response = await client.get(request.path, request.params, subject=request.subject)
    if len(response.verdict.rows) < cast("int", request.endpoint.full_rows):
        yield response
    elif first < last:
        middle = first + (last - first) // 2
        for start, end in ((first, middle), (middle + timedelta(days=1), last)):
            params = {**request.params, "from": start.isoformat(), "to": end.isoformat()}
            async for part in _fetch_range(client, replace(request, params=params), start):
                yield part
    elif request.endpoint.has_pages:
        yield response
        seen = {_name_entry(row) for row in response.verdict.rows}
        async for page in _fetch_list(client, request, {}, first=1, seen=seen):
            yield page
    else:
        raise ResponseError(
            Verdict(
                ResponseKind.TOO_LARGE,
                f"{len(response.verdict.rows)} rows for {first}, the most that one response can have",
            ),
            path=request.path,
            subject=request.subject,
        )


async def _fetch_parts(client: _ShapedClient, request: FmpRequest, first: int) -> AsyncIterator[FmpResponse]:
    """Request a bulk file part by part, from `first`, until the vendor refuses the next part.

    If a part has the same body as the previous one, the vendor ignores `part`, and the rest of the file is missing.
    """
    endpoint, former = request.endpoint, None
    for part in range(first, _MOST_PAGES):
        subject = f"part {part}"
        try:
            response = await client.get(
                endpoint.path, {**request.params, "part": str(part)}, subject=subject, is_bulk=endpoint.is_bulk
            )
        except ResponseError as error:
            # a part past the end is a bad request, and the first part never is
            if part and error.kind is ResponseKind.BAD_REQUEST:
                return
            raise
        digest = response.call.digest if response.call else None
        if digest is not None and digest == former:
            raise ResponseError(
                Verdict(ResponseKind.TOO_LARGE, "the same rows as the previous part"),
                path=endpoint.path,
                subject=subject,
            )
        yield response
        former = digest
    raise ResponseError(Verdict(ResponseKind.TOO_LARGE, f"more than {_MOST_PAGES} parts"), path=endpoint.path)


def reaches_limit(response: FmpResponse, request: FmpRequest) -> bool:
    """Whether a response has as many rows as one that was cut silently."""
    limits = [request.endpoint.full_rows, request.params.get("limit")]
    return any(limit is not None and len(response.verdict.rows) >= int(limit) for limit in limits)


def read_rows(response: FmpResponse) -> Iterator[Any]:
    """Yield the rows of a response; those of CSV one by one, with every value as text and empty cells as None."""
    if response.csv is None:
        yield from response.verdict.rows
        return
    rows = iterate_rows(response.csv)
    header = next(rows, [])
    if isinstance(header, DamagedRow):
        return
    for values in rows:
        if not isinstance(values, DamagedRow) and len(values) == len(header):
            yield {name: value or None for name, value in zip(header, values, strict=True)}
        elif values:
            yield values


def find_repeated(shape: Shape, rows: Iterable[Any], *, path: str) -> set[int]:
    """Return the key hashes that more than one row has; raises ResponseError if the rows exceed the memory bounds."""
    seen: set[int] = set()
    repeated: set[int] = set()
    repeats = size = 0
    for count, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            continue
        key = shape.hash_key(row)
        if key in seen:
            repeated.add(key)
            repeats, size = repeats + 1, size + measure_row(row)
        seen.add(key)
        if count > _MOST_ROWS or repeats > _MOST_REPEATED or size > _MOST_READ_CHARACTERS:
            message = f"more than {_MOST_ROWS:,} rows, or {_MOST_REPEATED:,} that repeat a key"
            raise ResponseError(Verdict(ResponseKind.TOO_LARGE, message), path=path)
    return repeated


def count_rows(body: Body) -> int | None:
    """Return how many rows a CSV body has below its header, or None if it ends inside a row.

    A body ends inside a row if its last row has fewer fields than its header.
    """
    rows = iterate_rows(body)
    header, count = next(rows, []), 0
    last: list[str] | DamagedRow = []
    for last in rows:
        count += 1 if last else 0
    body.seek(0)
    if isinstance(header, DamagedRow) or isinstance(last, DamagedRow):
        return None if isinstance(header, DamagedRow) else count
    return None if 0 < len(last) < len(header) else count


def ends_bare(body: Body) -> bool:
    """Whether a CSV body lacks its last line end: it may be cut inside its last field, which only this reveals."""
    if not body.seek(0, os.SEEK_END):
        return False
    body.seek(-1, os.SEEK_END)
    last = body.read(1)
    body.seek(0)
    return last not in (b"\n", b"\r")


def parse_rows(
    dataset: FmpDataset,
    rows: Iterable[Any],
    request: FmpRequest,
    *,
    known_symbols: Collection[str] = frozenset(),
    only: Collection[str] | None = None,
    aliases: Mapping[str, frozenset[str]] | None = None,
) -> Batch:
    """Split rows into records, rejects with reasons, and a count of rows of other exchanges or securities.

    With `only`, rows of other symbols are out of scope too: a caller named these symbols. `aliases` are the other symbols of the
    requested ones. Different rows of one key are left to `settle_repeats`, which needs the whole response.
    """
    batch = Batch()
    scope = _RowScope(dataset, request, known_symbols, only, aliases or {})
    defaults = request.given
    reshape = request.endpoint.reshape
    records = _split_rows(rows, scope, defaults, batch)
    now = datetime.now(UTC)
    size = 0
    for row in records if reshape is None else reshape(records, request.subject):
        if reshape is not None and scope.is_elsewhere(row, batch):
            batch.out_of_scope += 1
            continue
        parsed = check_values(dataset, row, defaults=defaults, now=now)
        if isinstance(parsed, Accepted):
            batch.accepted.append(parsed)
        else:
            batch.rejected.append(parsed)
        size += measure_row(row)
        _check_size(batch, size, request)
    _check_size(batch, size, request)
    return batch


def _check_size(batch: Batch, size: int, request: FmpRequest) -> None:
    """Raise ResponseError if the rows read exceed the memory bounds; this refuses the whole response."""
    if len(batch.accepted) + len(batch.rejected) > _MOST_READ or size > _MOST_READ_CHARACTERS:
        message = f"more than {_MOST_READ:,} records, or {_MOST_READ_CHARACTERS >> 20} MB of them"
        raise ResponseError(Verdict(ResponseKind.TOO_LARGE, message), path=request.path, subject=request.subject)


class _RowScope:
    """Which rows of a response are about the requested symbols."""

    def __init__(
        self,
        dataset: FmpDataset,
        request: FmpRequest,
        known_symbols: Collection[str],
        only: Collection[str] | None,
        aliases: Mapping[str, frozenset[str]],
    ) -> None:
        self.dataset = dataset
        self.endpoint = request.endpoint
        self._requested = frozenset(request.requested_symbols).union(
            *(aliases.get(symbol, ()) for symbol in request.requested_symbols)
        )
        self._wanted = known_symbols if dataset.symbol_fields and not dataset.is_worldwide else only

    def is_elsewhere(self, row: Any, batch: Batch) -> bool:
        """Whether a row is about another exchange or security; adds symbols that were not requested to the batch's strangers."""
        if not isinstance(row, Mapping):
            return False
        if self.dataset.exchange_field is not None and is_foreign(row.get(self.dataset.exchange_field)):
            return True
        if self._requested:
            named = self._list_symbols(row, ("symbol",))
            batch.strangers.update(clean_name(symbol) for symbol in named if symbol not in self._requested)
            return bool(named) and named[0] not in self._requested
        if self._wanted is None:
            return False
        named = self._list_symbols(row, self.dataset.symbol_fields or ("symbol",))
        return bool(named) and not any(symbol in self._wanted for symbol in named)

    @staticmethod
    def _list_symbols(row: Mapping[str, Any], names: Iterable[str]) -> list[str]:
        given = [read_absence(row.get(name)) for name in names]
        return [str(value).strip().upper() for value in given if isinstance(value, str | int)]


def _split_rows(rows: Iterable[Any], scope: _RowScope, defaults: Mapping[str, str], batch: Batch) -> Iterator[Any]:
    """Yield the rows that are records; reject the others with the reason."""
    dataset, endpoint = scope.dataset, scope.endpoint
    shape = make_shape(dataset, endpoint)
    # a field that the endpoint sends is never filled in
    added = {name: value for name, value in defaults.items() if name not in shape.key}
    for row in rows:
        # rows name another symbol before they are reshaped
        if endpoint.reshape is None and scope.is_elsewhere(row, batch):
            batch.out_of_scope += 1
            continue
        finding = shape.classify_row(row)
        if finding is Finding.RECORD:
            yield row
        elif finding is not Finding.NOTHING:
            parsed = parse_row(dataset.record, row, defaults=added)
            batch.rejected.append(parsed if isinstance(parsed, Rejected) else _reject_unproven(row, shape))


def _reject_unproven(row: Mapping[str, Any], shape: Shape) -> Rejected:
    lacking = [name for name in shape.key if not is_given(row.get(name))]
    detail = f"it lacks {', '.join(lacking)}" if lacking else "it has no value besides its key"
    return Rejected(row, "not_a_record", f"the row is not a record: {detail}")
