"""Series as frames: exact, in batches, and prices adjusted as the views adjust them."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import polars as pl
import pyarrow as pa
import pytest

from sra_contract.data_gaps import CurrencyRate
from sra_contract.equity_quote_history import EquityQuoteHistory
from sra_contract.frames import FrameValueError, adjust, make_events, read_frame, stream_batches
from sra_contract.listing_events import DividendPayment, ShareSplit
from sra_contract.past_states import EquityQuoteHistoryAsOf, PriceAdjustmentAsOf
from sra_contract.price_adjustment import PriceAdjustment
from sra_contract.reader import Between, UnknownColumnError, read_list
from sra_contract.security_search import SecuritySearch
from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views
from sra_testing.records import (
    end_events,
    put_close,
    put_dividend,
    put_profile,
    put_rename,
    put_run,
    put_split,
)
from view_builder.compile import CompiledView

FIRST = date(2025, 1, 6)
SYMBOLS = ("TINY", "HUGE", "SPUN", "LATE", "NEW")


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_quote_history", "security_search")


async def put_awkward_listings(pool: Pool) -> None:
    """Listings whose prices and events are hard to adjust."""
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "eod_prices", "splits", "dividends"])
        prices = {
            "TINY": "0.00010007",
            "HUGE": "987654321.12",
            "SPUN": "33.333",
            "LATE": "7",
            "OLD": "12.5",
            "NEW": "13",
        }
        for symbol in SYMBOLS:
            await put_profile(connection, run, symbol)
        for number in range(8):
            for symbol, price in prices.items():
                if symbol in SYMBOLS[:4] or (symbol == "OLD") == (number < 4):
                    amount = str(Decimal(price) + number)
                    await put_close(
                        connection,
                        run,
                        symbol,
                        FIRST + timedelta(number),
                        amount,
                        open=amount,
                        volume=str(1001 + number),
                    )
        for symbol, day, new, old in (
            ("TINY", 2, 1, 1000000), ("TINY", 4, 7, 3), ("HUGE", 3, 3, 700001), ("SPUN", 5, 1253, 1000), ("NEW", 6, 3, 2),
        ):  # fmt: skip
            await put_split(connection, run, symbol, FIRST + timedelta(day), new, old)
        for symbol, day, dividend in (
            ("TINY", 3, "0.0000001"), ("HUGE", 3, "0.33"), ("SPUN", 1, "0.111"), ("SPUN", 6, "1"), ("LATE", 30, "2"),
            ("LATE", -20, "1"), ("LATE", -3, "0.07"), ("NEW", 2, "0.3"),
        ):  # fmt: skip
            await put_dividend(connection, run, symbol, FIRST + timedelta(day), dividend)
        await put_split(connection, run, "LATE", FIRST + timedelta(2), 5, 1)
        await end_events(connection, run, "fmp_split", "LATE", FIRST + timedelta(2))
        await put_rename(connection, run, "OLD", "NEW", FIRST + timedelta(4))


async def test_frames_have_every_digit(pool: Pool, reader_pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await put_awkward_listings(pool)
    await build_all(pool, views)
    rows = await read_list(reader_pool, EquityQuoteHistory, symbol="HUGE")
    texts = await read_frame(reader_pool, EquityQuoteHistory, symbol="HUGE")
    assert texts["date"].to_list() == [row.date for row in rows]
    for name in ("close", "split_adjusted_close", "total_return_close", "split_factor", "total_return_factor"):
        assert [Decimal(text) for text in texts[name]] == [getattr(row, name) for row in rows]
    assert texts["as_of"].to_list() == [row.as_of for row in rows]
    assert texts["last_run_id"].to_list() == [str(row.last_run_id) for row in rows]
    decimals = await read_frame(
        reader_pool, EquityQuoteHistory, numbers="decimal", columns=["close"], date=Between(FIRST, None), symbol="HUGE"
    )
    assert decimals["close"].to_list() == [row.close for row in rows]
    # forty digits are more than a decimal has
    with pytest.raises(FrameValueError, match="Column split_factor has the value"):
        await read_frame(reader_pool, EquityQuoteHistory, numbers="decimal", columns=["split_factor"], symbol="HUGE")
    floats = await read_frame(reader_pool, EquityQuoteHistory, numbers="float", columns=["split_factor"], symbol="HUGE")
    assert floats["split_factor"].to_list() == [float(row.split_factor or 0) for row in rows]
    empty = await read_frame(reader_pool, EquityQuoteHistory, symbol="none")
    assert (empty.height, empty.schema) == (0, texts.schema)
    lists = await read_frame(reader_pool, SecuritySearch, columns=["identifier", "search_codes"], identifier="HUGE")
    assert lists.rows() == [("HUGE", '["HUGE"]')]


async def test_batches_arrive_as_they_are_read(pool: Pool, reader_pool: Pool) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["exchange_rates"])
        await connection.execute(
            "INSERT INTO fmp_exchange_rate (pair, date, close, raw_json, run_id, content_hash)"
            " SELECT 'CADUSD', date '1950-01-01' + n, n / 7.0, '{}', $1, '' FROM generate_series(1, 20000) n",
            run,
        )
    batches = [batch async for batch in stream_batches(reader_pool, CurrencyRate, block_bytes=100_000)]
    assert len(batches) > 5
    whole = await read_frame(reader_pool, CurrencyRate)
    assert whole.height == 20_000
    assert whole.equals(pl.DataFrame(pl.from_arrow(pa.Table.from_batches(batches))))
    # one that stops reading releases its connection, and an error of the server reaches the reader
    stream = stream_batches(reader_pool, CurrencyRate, block_bytes=1000)
    await anext(stream)
    await asyncio.wait_for(stream.aclose(), 10)
    with pytest.raises(asyncpg.DataError):
        await read_frame(reader_pool, CurrencyRate, date="yesterday")
    assert await asyncio.wait_for(reader_pool.fetchval("SELECT 1"), 10) == 1


async def test_adjusted_prices_equal_those_of_the_views(
    pool: Pool, reader_pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await put_awkward_listings(pool)
    await build_all(pool, views)
    published = await read_frame(reader_pool, EquityQuoteHistory)
    events = await read_frame(reader_pool, PriceAdjustment)
    assert set(published["symbol"]) >= set(SYMBOLS)
    names = [name for name in published.columns if name.startswith("split_adjusted_")] + ["total_return_close"]
    delivered = ("symbol", "date", "open", "high", "low", "close", "volume")
    adjusted = adjust(published.select(delivered), events)
    for name in names:
        expected = [None if text is None else Decimal(text) for text in published[name]]
        assert adjusted[name].to_list() == expected, name
    # the events themselves lead to the same factors
    splits, dividends = await read_frame(reader_pool, ShareSplit), await read_frame(reader_pool, DividendPayment)
    made = make_events(published, splits, dividends).sort("symbol", "ex_date")
    for name in ("symbol", "ex_date"):
        assert made[name].to_list() == events[name].to_list()
    for name in ("split_factor", "total_return_factor", "share_factor"):
        given = [None if text is None else Decimal(text) for text in events[name]]
        assert [None if text is None else Decimal(text) for text in made[name]] == given, name
    assert adjust(published.select(delivered), made).equals(adjusted)
    floats = adjust(published.select(*delivered[:2], pl.col("close").cast(pl.Float64)), events)
    for exact, near in zip(adjusted["total_return_close"], floats["total_return_close"], strict=True):
        assert near == (None if exact is None else pytest.approx(float(exact), rel=1e-12))
    # a past state is adjusted by the events of that state
    asked = {"at": await pool.fetchval("SELECT now()"), "symbols": ["SPUN", "TINY"]}
    past = await read_frame(reader_pool, EquityQuoteHistoryAsOf, arguments=asked)
    known = await read_frame(reader_pool, PriceAdjustmentAsOf, arguments=asked)
    redone = adjust(past.select(delivered), known)
    assert redone["total_return_close"].to_list() == [Decimal(text) for text in past["total_return_close"]]
    with pytest.raises(UnknownColumnError, match="events have no column ex_date"):
        adjust(published, events.drop("ex_date"))
