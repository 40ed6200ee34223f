"""Indices and movers against figures computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_price, put_profile, put_row, put_run
from view_builder.compile import CompiledView


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("index_performance", "market_movers")


DAY = date(2025, 9, 26)


async def put_level(connection: Connection, run: UUID, day: date, close: str, symbol: str = "^GSPC") -> None:
    await put_row(connection, run, "fmp_index_price", symbol=symbol, date=day, close=close)


async def test_index_returns_by_hand(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["index_prices"])
        for day, close in (
            (DAY, "6600"),
            (date(2025, 9, 24), "6000"),  # the 25th is missing
            (date(2025, 9, 17), "5500"),  # two days before the target
            (date(2025, 8, 26), "4400"),
            (date(2025, 6, 30), "3300"),
            (date(2025, 6, 26), "6599.999999"),
            (date(2024, 12, 31), "8800"),
            (date(2024, 9, 18), "1"),  # eight days before the target
        ):
            await put_level(connection, run, day, close)
        await put_level(connection, run, DAY, "23.5", "^VIX")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.index_performance")
    assert (row["name"], row["currency"], row["date"], row["level"]) == ("S&P 500", "USD", DAY, Decimal(6600))
    assert (row["level_change"], row["price_return_1d"]) == (Decimal(600), Decimal("0.100000"))
    assert row["price_return_1w"] == Decimal("0.200000")  # 6600 / 5500 - 1
    assert row["price_return_1m"] == Decimal("0.500000")
    assert row["price_return_3m"] == Decimal("0.000000")  # 0.00000000015...
    assert row["price_return_qtd"] == Decimal("1.000000")  # from the close of 30 June
    assert row["price_return_ytd"] == Decimal("-0.250000")
    assert row["price_return_1y"] is None
    # eight closes are no average of fifty
    assert (row["sma_50"], row["sma_200"], row["trend"]) == (None, None, None)
    assert (row["level_year_high"], row["level_year_low"]) == (Decimal(8800), Decimal(3300))


async def test_trend_is_the_close_against_both_averages(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["index_prices"])
        for number in range(200):
            day = DAY - timedelta(days=number)
            # newest 1,000, the 49 before it 900, the 150 before those 1,100 for one index and 800 for another
            near = "1000" if number == 0 else "900"
            for symbol, far in (("^GSPC", "1100"), ("^DJI", "800"), ("^IXIC", "1100"), ("^GSPTSE", "800")):
                level = near if number < 50 else far
                if symbol == "^IXIC" and number == 0:
                    level = "850"
                if symbol != "^GSPTSE" or number < 199:
                    await put_level(connection, run, day, level, symbol)
    await build_all(pool, views)
    rows = {row["symbol"]: row for row in await read_rows(pool, "SELECT * FROM sra.index_performance")}
    # (1000 + 49 x 900) / 50 = 902; (1000 + 49 x 900 + 150 x 1100) / 200 = 1050.5
    assert (rows["^GSPC"]["sma_50"], rows["^GSPC"]["sma_200"]) == (Decimal("902.000000"), Decimal("1050.500000"))
    assert rows["^GSPC"]["distance_sma_50"] == Decimal("0.108647")  # 1000 / 902 - 1
    result = {symbol: row["trend"] for symbol, row in rows.items()}
    # Toronto has 199 closes, one too few for the long average
    assert result == {"^GSPC": "mixed", "^DJI": "up", "^IXIC": "down", "^GSPTSE": None}
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["index_prices"])
        await put_level(connection, later, DAY + timedelta(days=1), "1200")
    built = await build_all(pool, views)
    assert (built["index_performance"].computed, built["index_performance"].changed) == (1, 1)


async def put_move(connection: Connection, run: UUID, symbol: str, percent: str | None, day: int = 26) -> None:
    await put_price(connection, run, symbol, datetime(2025, 9, day, 20, tzinfo=UTC), "10")
    await connection.execute(
        "UPDATE fmp_quote SET change_percentage = $2::numeric, change = $2::numeric / 10 WHERE symbol = $1",
        symbol,
        None if percent is None else Decimal(percent),
    )


async def test_movers_are_ranked_by_market(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["universe", "profile", "quote", "constituents"])
        for number in range(12):
            symbol = f"U{number:02d}"
            await put_profile(connection, run, symbol)
            await put_row(connection, run, "fmp_constituent", index_name="sp500", symbol=symbol)
            await put_move(connection, run, symbol, str(number + 1))
        await put_row(connection, run, "fmp_constituent", index_name="dowjones", symbol="U03")
        for symbol, percent, day in (("A.TO", "-2", 26), ("B.TO", "-3.5", 26), ("C.TO", "0", 26), ("D.TO", "-9", 25)):
            await put_profile(connection, run, symbol, exchange="TSX", currency="CAD")
            await put_move(connection, run, symbol, percent, day)
        await put_profile(connection, run, "E.TO", exchange="TSX", is_etf=True)
        await put_move(connection, run, "E.TO", "-20")
        # in no index, and in one without a move
        await put_profile(connection, run, "OUT")
        await put_move(connection, run, "OUT", "99")
        await put_profile(connection, run, "NIL")
        await put_row(connection, run, "fmp_constituent", index_name="sp500", symbol="NIL")
        await put_close(connection, run, "NIL", DAY, "10")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.market_movers ORDER BY market, direction, rank")
    result = [(row["market"], row["direction"], row["rank"], row["symbol"], row["basis"]) for row in rows]
    assert result == [
        ("dow", "gainer", 1, "U03", "constituents"),
        *(("sp500", "gainer", place, f"U{12 - place:02d}", "constituents") for place in range(1, 11)),
        ("tsx", "loser", 1, "B.TO", "listing"),
        ("tsx", "loser", 2, "A.TO", "listing"),
    ]
    assert (rows[-2]["price_return_1d"], rows[-2]["currency"], rows[-2]["session_date"]) == (
        Decimal("-0.035"),
        "CAD",
        DAY,
    )
    async with pool.acquire() as connection:
        # one share is quoted a day early: the others still are the session's movers
        early = await put_run(connection, "fmp", ["quote"])
        await put_move(connection, early, "U07", "50", 29)
    await build_all(pool, views)
    gainers = "SELECT symbol, session_date FROM sra.market_movers WHERE market = 'sp500' ORDER BY rank"
    result = await read_rows(pool, gainers)
    assert [row["symbol"] for row in result] == [f"U{11 - place:02d}" for place in range(12) if place != 4][:10]
    assert {row["session_date"] for row in result} == {DAY}
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["constituents"])
        await put_row(connection, later, "fmp_constituent", index_name="nasdaq", symbol="OUT")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.market_movers WHERE market = 'nasdaq100'")
    assert (row["symbol"], row["last_run_id"], row["market_name"]) == ("OUT", later, "Nasdaq-100")
