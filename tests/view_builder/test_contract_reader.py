"""The reader of sra_contract, as an application uses it: role sra_reader, a pool without any preparation."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import asyncpg
import pytest

from sra_contract import past_states
from sra_contract.base import list_columns
from sra_contract.distributions import FundPayment
from sra_contract.equity_page import EquityPage
from sra_contract.past_states import EquityQuoteHistoryAsOf, FundataQuotesAsOf
from sra_contract.reader import (
    Between,
    CursorError,
    ReaderError,
    SeveralRowsError,
    UnknownColumnError,
    iterate,
    read,
    read_as_of,
    read_list,
    read_page,
    search,
)
from sra_contract.security_master import SecurityMaster
from sra_shared.kit.db import Pool
from sra_testing.listings import DATASETS, put_market
from sra_testing.publication import build_all, choose_views
from sra_testing.records import put_close, put_data, put_fund, put_run, put_split
from view_builder.compile import CompiledView

PRICE = "110.250000000000000000000000000000000001"


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_page", "equity_quote_history", "security_search", "distributions")


async def put_funds(pool: Pool) -> None:
    """Funds, some without a currency, some with the same currency, and some with the same name."""
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDistribution"])
        for number in range(12):
            currency = (None, "CAD", "USD")[number % 3]
            await put_fund(connection, run, str(number), name=f"Équilibré {number // 4}", currency=currency)
        for day in (None, date(2025, 1, 2), date(2025, 1, 3)):
            await put_data(
                connection, run, "FundDistribution", "1", str(day), date=day, total_distribution="0.1234567890123"
            )


async def test_a_row_is_read_exactly_with_its_lists(
    pool: Pool, reader_pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", [*DATASETS])
        await put_market(connection, run)
        await connection.execute("UPDATE fmp_quote SET price = $1", Decimal(PRICE))
    await build_all(pool, views)
    listed = await read(reader_pool, SecurityMaster, source="fmp", identifier="AAA")
    assert listed is not None
    page = await read(reader_pool, EquityPage, security_id=listed.security_id)
    assert page is not None
    assert (page.symbol, page.price) == ("AAA", Decimal(PRICE))
    assert page.as_of.tzinfo is not None
    # a list has the digits of the column that it repeats
    assert (page.peers[0].symbol, page.peers[0].price) == ("BBB", Decimal(PRICE))
    assert await read(reader_pool, EquityPage, symbol="none") is None
    with pytest.raises(SeveralRowsError, match=r"several rows .* symbol"):
        await read(reader_pool, EquityPage, currency=page.currency)
    with pytest.raises(ReaderError, match=r"by its columns: symbol"):
        await read(reader_pool, EquityPage)
    with pytest.raises(UnknownColumnError, match=r"no column 'ticker'"):
        await read(reader_pool, EquityPage, ticker="AAA")
    with pytest.raises(UnknownColumnError, match=r"peers is a list"):
        await read_list(reader_pool, EquityPage, order_by="peers")


@pytest.mark.parametrize(
    "order_by", ["identifier", "-identifier", ["-currency", "name"], ["currency", "-name"], ["name"]]
)
async def test_pages_are_the_list_in_its_order(
    pool: Pool, reader_pool: Pool, views: tuple[CompiledView, ...], order_by: str | list[str]
) -> None:
    await put_funds(pool)
    await build_all(pool, choose_views("security_master"))
    everything = await read_list(reader_pool, SecurityMaster, order_by=order_by, source="fundata")
    assert len(everything) == 12
    paged = [
        row async for row in iterate(reader_pool, SecurityMaster, page_rows=5, order_by=order_by, source="fundata")
    ]
    assert paged == everything
    names = [order_by] if isinstance(order_by, str) else order_by
    first = names[0].removeprefix("-")
    values = [getattr(row, first) for row in everything]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=names[0].startswith("-"))
    # what has no value comes last
    assert values[len(known) :] == [None] * (len(values) - len(known))


async def test_filters_cursors_and_keys_with_missing_days(
    pool: Pool, reader_pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await put_funds(pool)
    await build_all(pool, views)
    some = await read_list(
        reader_pool, SecurityMaster, source="fundata", currency=["CAD", "USD"], identifier=Between("2", "5")
    )
    assert [row.identifier for row in some] == ["2", "4", "5"]
    assert len(await read_list(reader_pool, SecurityMaster, currency=None, limit=3)) == 3
    first = await read_page(reader_pool, FundPayment, limit=1, identifier="1")
    second = await read_page(reader_pool, FundPayment, limit=1, after=first.next_cursor, identifier="1")
    third = await read_page(reader_pool, FundPayment, limit=1, after=second.next_cursor, identifier="1")
    days = [row.date for page in (first, second, third) for row in page.rows]
    assert days == [date(2025, 1, 2), date(2025, 1, 3), None]
    assert third.next_cursor is None
    assert first.rows[0].amount == Decimal("0.1234567890123")
    for after, identifier in ((first.next_cursor, "2"), ("x", "1"), ("bnVsbA", "1")):
        with pytest.raises(CursorError, match="does not belong"):
            await read_page(reader_pool, FundPayment, limit=1, after=after, identifier=identifier)
    (found, *_) = await search(reader_pool, "equilibre 2", most=3)
    assert (found.name, found.type, found.found_by) == ("Équilibré 2", "fund", "name")


async def test_past_states_have_models(pool: Pool, reader_pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", [*DATASETS])
        await put_market(connection, run)
        await put_close(connection, run, "AAA", date(2025, 9, 22), "50")
        before = await connection.fetchval("SELECT clock_timestamp()")
        await put_split(connection, run, "AAA", date(2025, 9, 24), 2, 1)
    await build_all(pool, views)
    state = await read_as_of(reader_pool, EquityQuoteHistoryAsOf, at=datetime.now(UTC), symbols=["AAA"])
    former = await read_as_of(reader_pool, EquityQuoteHistoryAsOf, at=before, symbols=["AAA"])
    day = date(2025, 9, 22)
    assert [row.split_adjusted_close for row in state if row.date == day] == [Decimal(25)]
    assert [row.split_adjusted_close for row in former if row.date == day] == [Decimal(50)]
    assert former[0].last_run_id is None
    assert await read_as_of(reader_pool, FundataQuotesAsOf, valid_on=day, known_at=before) == []
    with pytest.raises(asyncpg.InvalidParameterValueError, match=r"no mode 'x'"):
        await read_as_of(reader_pool, past_states.EquityFundamentalsAsOf, at=before, mode="x", symbols=["AAA"])
    with pytest.raises(ReaderError, match="is no past state"):
        await read_as_of(reader_pool, EquityPage, at=before)
    # every function has a model with its columns
    async with reader_pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments FROM pg_proc p"
            " WHERE p.pronamespace = 'sra'::regnamespace AND p.proname ~ '_as_of$'"
        )
        models = {model.view_function: model for model in (getattr(past_states, name) for name in past_states.__all__)}
        assert {row["name"] for row in rows} == set(models)
        for row in rows:
            nulls = ", ".join("NULL" for _ in row["arguments"].split(", "))
            prepared = await connection.prepare(f"SELECT * FROM sra.{row['name']}({nulls})")  # noqa: S608
            columns = [attribute.name for attribute in prepared.get_attributes()]
            assert columns == [column.name for column in list_columns(models[row["name"]])]
