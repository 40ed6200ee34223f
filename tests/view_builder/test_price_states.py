"""Prices and adjustments as of a moment, from the events and closes known then, computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from sra_shared.kit.db import Connection, Pool, open_connection
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_close, put_profile, put_rename, put_row, put_run
from view_builder.compile import CompiledView

MONDAY = date(2025, 6, 2)
DATASETS = ("universe", "profile", "eod_prices", "splits", "dividends", "symbol_changes")
HISTORY = "SELECT * FROM sra.equity_quote_history_as_of($1, ARRAY['ABC']) ORDER BY date"


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_quote_history")


def evening(days: int) -> datetime:
    """22:00 in UTC of a day of the week, when its close is stored."""
    return datetime(2025, 6, 2, 22, tzinfo=UTC) + timedelta(days=days)


async def put_week(connection: Connection, *closes: str, symbol: str = "ABC") -> UUID:
    """Store a close a day from Monday on, each in its evening."""
    run = await put_run(connection, "fmp", DATASETS)
    await put_profile(connection, run, symbol)
    for days, close in enumerate(closes):
        await put_close(connection, run, symbol, MONDAY + timedelta(days=days), close, volume="1000")
        await connection.execute(
            "UPDATE fmp_eod_price SET updated_at = $1, created_at = $1 WHERE date = $2",
            evening(days),
            MONDAY + timedelta(days=days),
        )
    return run


async def put_event(connection: Connection, run: UUID, table: str, days: int, known: datetime, **values: Any) -> None:
    await put_row(connection, run, table, symbol="ABC", date=MONDAY + timedelta(days=days), valid_from=known, **values)


async def read_closes(pool: Pool, moment: datetime, column: str) -> list[Decimal]:
    return [row[column] for row in await read_rows(pool, HISTORY, moment)]


def numbers(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


async def test_a_split_adjusts_from_the_first_close_on_or_after_its_day_on(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_week(connection, "100", "102", "51", "52", "53")
        # announced on Monday for Wednesday
        await put_event(connection, run, "fmp_split", 2, evening(0), numerator="2", denominator="1")
    await build_all(pool, views)
    # no close of Wednesday is known: what was published until then is in former shares
    assert await read_closes(pool, evening(1), "split_adjusted_close") == numbers("100", "102")
    assert await read_closes(pool, evening(2), "split_adjusted_close") == numbers("50", "51", "51")
    assert await read_closes(pool, evening(2), "split_adjusted_volume") == numbers("2000", "2000", "1000")
    assert await read_closes(pool, evening(2) - timedelta(seconds=1), "close") == numbers("100", "102")
    assert await read_closes(pool, evening(-1), "close") == []


async def test_an_event_counts_while_we_knew_it(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_week(connection, "100", "100", "50", "50", "50")
        # we learn of the split on Thursday, one day late; a wrong ratio until Friday
        await put_event(
            connection, run, "fmp_split", 2, evening(3), numerator="3", denominator="1", valid_to=evening(4),
            ended_run_id=run,
        )  # fmt: skip
        await put_event(connection, run, "fmp_split", 2, evening(4), numerator="2", denominator="1")
    await build_all(pool, views)
    assert await read_closes(pool, evening(2), "split_adjusted_close") == numbers("100", "100", "50")
    # 100 / 3, to twelve decimals
    (first, *_) = await read_closes(pool, evening(3), "split_adjusted_close")
    assert first == Decimal("33.333333333333")
    assert await read_closes(pool, evening(4), "split_adjusted_close") == numbers("50", "50", "50", "50", "50")


async def test_a_dividend_is_reinvested_from_its_day_on(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_week(connection, "100", "102", "100", "100")
        await put_event(connection, run, "fmp_dividend", 2, evening(0), dividend="25")
        await put_event(connection, run, "fmp_dividend", 9, evening(0), dividend="50", content_hash=b"next")
    await build_all(pool, views)
    assert await read_closes(pool, evening(1), "total_return_close") == numbers("100", "102")
    # 1 + 25 / 100: before Wednesday, 100 / 1.25 and 102 / 1.25; the dividend of the next week adjusts nothing
    assert await read_closes(pool, evening(3), "total_return_close") == numbers("80", "81.6", "100", "100")
    (row,) = await read_rows(pool, "SELECT * FROM sra.price_adjustment_as_of($1, ARRAY['ABC'])", evening(3))
    assert (row["ex_date"], row["total_return_factor"]) == (MONDAY + timedelta(days=2), Decimal("1.25"))


async def test_a_corrected_close_has_its_former_value(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_week(connection, "100", "101")
        await put_event(connection, run, "fmp_dividend", 0, evening(0), dividend="50")
        await put_event(connection, run, "fmp_split", 1, evening(0), numerator="2", denominator="1")
        # Tuesday's close was 90 until Thursday
        await connection.execute(
            "INSERT INTO fmp_row_history (known_from, known_until, created_at, run_id, replaced_by, table_name, symbol,"
            " content_hash, key, row_values, raw_json) VALUES ($1, $2, $1, $3, $3, 'fmp_eod_price', 'ABC', '', $4, $5, '{}')",
            evening(1),
            evening(3),
            run,
            {"symbol": "ABC", "date": "2025-06-03"},
            {"close": 90, "volume": 7},
        )
        await connection.execute("UPDATE fmp_eod_price SET updated_at = $1 WHERE date = '2025-06-03'", evening(3))
    await build_all(pool, views)
    assert await read_closes(pool, evening(0), "close") == numbers("100")
    assert await read_closes(pool, evening(1), "close") == numbers("100", "90")
    assert await read_closes(pool, evening(2), "split_adjusted_close") == numbers("50", "90")
    assert await read_closes(pool, evening(3), "close") == numbers("100", "101")


async def test_the_state_of_now_is_the_view(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_week(connection, "100", "102", "51", "52", "53")
        await put_event(connection, run, "fmp_split", 2, evening(0), numerator="2", denominator="1")
        await put_event(connection, run, "fmp_split", 3, evening(0), numerator="1253", denominator="1000")
        await put_event(connection, run, "fmp_dividend", 4, evening(0), dividend="1.3", declaration_date=MONDAY)
        # under another symbol until Tuesday
        await put_close(connection, run, "OLD", MONDAY - timedelta(days=3), "98")
        await put_rename(connection, run, "OLD", "ABC", MONDAY + timedelta(days=1))
    await build_all(pool, views)
    for name, day in (("equity_quote_history", "date"), ("price_adjustment", "ex_date")):
        of_view = await read_rows(
            pool,
            f"SELECT to_jsonb(v) - '{{as_of,last_run_id}}'::text[] AS row FROM sra.{name} v WHERE symbol = 'ABC' ORDER BY {day}",  # noqa: S608
        )
        of_now = await read_rows(
            pool,
            f"SELECT to_jsonb(v) AS row FROM sra.{name}_as_of(now(), ARRAY['ABC', 'ABC', 'NONE']) v ORDER BY {day}",  # noqa: S608
        )
        assert of_now == of_view
        assert len(of_now) > 2


async def test_a_reader_names_listings_and_prices_are_looked_up_by_index(
    pool: Pool, database: str, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        await put_week(connection, "100", "102")
    await build_all(pool, views)
    # a session of its own counts what it scans itself
    session = await open_connection(database, application_name="test")
    async with session.transaction():
        await session.execute("SET LOCAL enable_seqscan = off")
        await session.execute("SET LOCAL ROLE sra_reader")
        assert len(await session.fetch(HISTORY, evening(5))) == 2
        for arguments in ("NULL, ARRAY['ABC']", "now(), NULL"):
            for name in ("equity_quote_history", "price_adjustment"):
                with pytest.raises(asyncpg.NullValueNotAllowedError, match="is NULL"):
                    async with session.transaction():
                        await session.fetch(f"SELECT * FROM sra.{name}_as_of({arguments})")  # noqa: S608
        await session.execute("RESET ROLE")
        scanned = await session.fetch(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname ~ '^fmp_'"
        )
        assert [row["relname"] for row in scanned] == []
    await session.close()
