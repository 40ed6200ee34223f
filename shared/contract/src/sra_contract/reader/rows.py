"""Reads rows of the views as models. Every value is exact: Decimal, date, aware datetime."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

import asyncpg

from sra_contract.base import ViewModel
from sra_contract.reader.cursor import read_cursor, write_cursor
from sra_contract.reader.errors import ReaderError, SeveralRowsError
from sra_contract.reader.query import JSON, Wanted, compose, index_columns, parse_order

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Source: TypeAlias = "asyncpg.Pool[asyncpg.Record] | Connection"
"""What is read from. Several reads of one state need a connection in a transaction with isolation repeatable_read."""
Row = TypeVar("Row", bound=ViewModel)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of those that follow; None after the last one."""

    rows: list[Row]
    next_cursor: str | None


@asynccontextmanager
async def borrow(source: Source) -> AsyncIterator[Connection]:
    """Return one connection of the source, for as long as the block lasts."""
    if isinstance(source, asyncpg.Pool):
        async with source.acquire() as connection:
            yield connection
    else:
        yield source


async def read(source: Source, model: type[Row], /, **filters: Any) -> Row | None:
    """Return the row with these values, or None.

    Raises UnknownColumnError for a column that the model lacks, and SeveralRowsError if the values are not those of one row.
    """
    if not filters:
        raise ReaderError(f"Name a row of {model.__name__} by its columns: {', '.join(model.view_key)}.")
    rows = await _fetch(source, Wanted(model, filters, limit=2))
    if len(rows) > 1:
        raise SeveralRowsError(
            f"{model.__name__} has several rows with {', '.join(filters)} of these values. Add columns of the key:"
            f" {', '.join(model.view_key)}."
        )
    return rows[0] if rows else None


async def read_list(
    source: Source, model: type[Row], /, *, order_by: str | Sequence[str] = (), limit: int | None = None, **filters: Any
) -> list[Row]:
    """Return the rows with these values, all of them or the first `limit`.

    A filter is a value, None for rows without one, a list of values, or `Between`. The order is by `order_by`, `-column` for
    descending, and then by the key.
    """
    return await _fetch(source, Wanted(model, filters, parse_order(model, order_by), limit))


async def read_page(
    source: Source,
    model: type[Row],
    /,
    *,
    limit: int,
    after: str | None = None,
    order_by: str | Sequence[str] = (),
    **filters: Any,
) -> Page[Row]:
    """Return the next `limit` rows after the cursor `after`, or the first ones.

    The rows are found by their values, not by counting: rows that appear or disappear between two pages neither repeat nor hide
    others. Raises CursorError for a cursor of another model, other filters or another order.
    """
    if limit < 1:
        raise ReaderError(f"A page of {limit} rows has no rows. Ask for one or more.")
    wanted = Wanted(model, filters, parse_order(model, order_by), limit + 1)
    if after is not None:
        wanted = replace(wanted, after=read_cursor(wanted, after))
    rows = await _fetch(source, wanted)
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], write_cursor(wanted, rows[limit - 1]))


async def iterate(
    source: Source, model: type[Row], /, *, page_rows: int = 1000, order_by: str | Sequence[str] = (), **filters: Any
) -> AsyncIterator[Row]:
    """Yield the rows one by one, with one page of them in memory."""
    after: str | None = None
    while True:
        page = await read_page(source, model, limit=page_rows, after=after, order_by=order_by, **filters)
        for row in page.rows:
            yield row
        after = page.next_cursor
        if after is None:
            return


async def read_as_of(source: Source, model: type[Row], /, **arguments: Any) -> list[Row]:
    """Return a past state in the order of the key, by the arguments of its function.

    Models of past states are in `sra_contract.past_states`, for example `read_as_of(pool, EquityFundamentalsAsOf, at=moment,
    mode="strict", symbols=["AAPL"])`.
    """
    if model.view_function is None:
        raise ReaderError(f"{model.__name__} is no past state. Its models are in sra_contract.past_states.")
    return await _fetch(source, Wanted(model, {}, parse_order(model, ()), arguments=arguments))


async def _fetch(source: Source, wanted: Wanted) -> list[Any]:
    query = compose(wanted)
    lists = [column.name for column in index_columns(wanted.model).values() if column.sql_type == JSON]
    return [_validate(wanted.model, record, lists) for record in await source.fetch(query.text, *query.arguments)]


def _validate(model: type[Row], record: asyncpg.Record, lists: Sequence[str]) -> Row:
    values = dict(record)
    for name in lists:
        if values[name] is not None:
            values[name] = json.loads(values[name], parse_float=Decimal)
    return model.model_validate(values)
