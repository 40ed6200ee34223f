"""Readers see nothing of a run before its end and its build: neither its records nor its prices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from fmp_ingest.store.identity import refresh_owners
from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, build_one, read_rows
from sra_testing.records import (
    end_run,
    put_close,
    put_data,
    put_dividend,
    put_fund,
    put_price,
    put_profile,
    put_quote,
    put_rename,
    put_row,
    put_run,
    put_split,
)
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
LISTED = ["universe", "profile", "quote", "eod_prices", "splits", "dividends", "symbol_changes"]


async def read_versions(pool: Pool, relation: str) -> list[tuple[str, int]]:
    rows = await read_rows(pool, f"SELECT identifier, data_version FROM sra.{relation} ORDER BY 1, 2")  # noqa: S608
    return [(row["identifier"], row["data_version"]) for row in rows]


async def test_records_of_a_run_show_at_its_end_all_at_once(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, first, "1")
        await put_quote(connection, first, "1", DAY, "10")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        live = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"], status="running")
        # as by chunks: each statement is a commit
        await put_quote(connection, live, "1", DAY, "11")
        await put_quote(connection, live, "2", DAY, "20")
        await put_fund(connection, live, "1", name="New name")
        for relation in ("fundata_quotes", "fundata_quotes_history", "fundata_data", "fundata_data_history"):
            assert await read_versions(pool, relation) == [("1", 1)], relation
        known = "fundata_quotes_as_of('2030-01-01', now())"
        assert await read_versions(pool, known) == [("1", 1)]
        # a build that another run causes sees nothing of it either
        other = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_quote(connection, other, "1", DAY + timedelta(days=1), "12")
        await put_data(connection, other, "FundGeneral", "1", "1-FR", language="FR", legal_name="Fonds", currency="CAD")
    built = await build_all(pool, views)
    assert built["fund_quote_history"].runs == (other,)
    history = "SELECT date, navps FROM sra.fund_quote_history ORDER BY identifier, date"
    assert [row["navps"] for row in await read_rows(pool, history)] == [Decimal(10), Decimal(12)]
    assert (await read_rows(pool, "SELECT name FROM sra.security_master"))[0]["name"] == "Fund"
    async with pool.acquire() as connection:
        await end_run(connection, live)
    assert await read_versions(pool, "fundata_quotes") == [("1", 1), ("1", 2), ("2", 1)]
    await build_all(pool, views)
    assert [row["navps"] for row in await read_rows(pool, history)] == [Decimal(11), Decimal(12), Decimal(20)]
    assert (await read_rows(pool, "SELECT name FROM sra.security_master"))[0]["name"] == "New name"


async def test_two_runs_at_one_key_leave_one_latest_version(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, first, "1", DAY, "10")
        live = await put_run(connection, "fundata", ["FundDailyNAVPS"], status="running")
        await put_quote(connection, live, "1", DAY, "11")
        # superseded by a live run's version that was itself superseded by one of a finished run
        await put_quote(connection, await put_run(connection, "fundata", ["FundDailyNAVPS"]), "1", DAY, "12")
    await build_all(pool, views)
    assert await read_versions(pool, "fundata_quotes") == [("1", 3)]
    assert await read_versions(pool, "fundata_quotes_history") == [("1", 1), ("1", 3)]
    async with pool.acquire() as connection:
        await end_run(connection, live)
    assert await read_versions(pool, "fundata_quotes") == [("1", 3)]


HISTORY = "SELECT date, close, split_adjusted_close FROM sra.equity_quote_history WHERE symbol = 'ABC' ORDER BY date"


async def put_listing(connection: Connection, symbol: str = "ABC", close: str = "100") -> UUID:
    run = await put_run(connection, "fmp", LISTED)
    await put_profile(connection, run, symbol)
    for days in range(1, 10):
        await put_close(connection, run, symbol, DAY - timedelta(days=days), close)
    return run


async def read_closes(pool: Pool) -> list[Decimal]:
    return [row["split_adjusted_close"] for row in await read_rows(pool, HISTORY)]


async def test_the_close_of_a_split_day_is_never_next_to_unadjusted_ones(
    pool: Pool, views: tuple[CompiledView, ...], view_by_name: dict[str, CompiledView]
) -> None:
    async with pool.acquire() as connection:
        await put_listing(connection)
    await build_all(pool, views)
    calm = [Decimal(100)] * 9
    async with pool.acquire() as connection:
        live = await put_run(connection, "fmp", ["eod_prices", "splits"], status="running")
        await connection.execute("UPDATE task_execution_log SET started_at = now() WHERE task_id = $1", live)
        await put_close(connection, live, "ABC", DAY, "50")
        assert await read_closes(pool) == calm
        # another run has the same pages built meanwhile
        other = await put_run(connection, "fmp", ["quote"])
        await put_price(connection, other, "ABC", datetime(2025, 9, 25, 20, tzinfo=UTC), "100")
    await build_all(pool, views)
    figures = "SELECT return_date, return_1w FROM sra.equity_metrics"
    assert await read_rows(pool, figures) == [{"return_date": DAY - timedelta(days=1), "return_1w": Decimal(0)}]
    async with pool.acquire() as connection:
        await put_split(connection, live, "ABC", DAY, 2, 1)
        # a correction of a session that readers know is no new one
        await put_close(connection, live, "ABC", DAY - timedelta(days=9), "100.5")
        await end_run(connection, live)
    assert await read_closes(pool) == calm
    assert (await build_one(pool, view_by_name["equity_metrics"])).runs == ()
    # the factors and the close they are for show in one moment
    assert (await build_one(pool, view_by_name["equity_quote_history"])).runs == (live,)
    assert await read_closes(pool) == [Decimal("50.25"), *(close / 2 for close in calm[1:]), Decimal(50)]
    await build_all(pool, views)
    assert await read_rows(pool, figures) == [{"return_date": DAY, "return_1w": Decimal(0)}]


async def test_rows_of_runs_that_the_ledger_no_longer_has_stay(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_listing(connection)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        for table, column in (("published_run", "run_id"), ("run_unit", "task_id"), ("task_execution_log", "task_id")):
            await connection.execute(f"DELETE FROM {table} WHERE {column} = $1", run)  # noqa: S608
    assert len(await read_closes(pool)) == 9
    assert not any(built.full for built in (await build_all(pool, views)).values())


async def test_a_quote_of_a_split_day_is_compared_with_figures_in_its_shares(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_listing(connection)
        await put_dividend(connection, run, "ABC", date(2024, 9, 1), "1", kind="Annual")
        await put_dividend(connection, run, "ABC", date(2025, 6, 2), "4", kind="Annual")
        for year in (2023, 2024):
            await put_row(
                connection, run, "fmp_income_statement", symbol="ABC", fiscal_year=year, period="FY", date=date(year, 12, 31),
                filing_date=date(year + 1, 2, 1), version=1, reported_currency="USD", eps="10", eps_diluted="10",
                weighted_average_shs_out_dil="20",
            )  # fmt: skip
        await put_split(connection, run, "ABC", DAY, 2, 1)
        await put_price(connection, run, "ABC", datetime(2025, 9, 26, 15, tzinfo=UTC), "50", market_cap="2000")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_metrics")
    # the close of the day is not there yet: the split shows in the quote alone
    assert (row["price"], row["price_date"], row["return_date"]) == (Decimal(50), DAY, DAY - timedelta(days=1))
    assert (row["eps_diluted_ttm"], row["pe_ratio"]) == (Decimal(5), Decimal("10.000000"))
    assert (row["dividend_ttm"], row["dividend_yield"]) == (Decimal(2), Decimal("0.040000"))
    async with pool.acquire() as connection:
        later = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, later, "ABC", DAY, "50")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_metrics")
    assert (row["eps_diluted_ttm"], row["pe_ratio"], row["dividend_ttm"]) == (
        Decimal(5),
        Decimal("10.000000"),
        Decimal(2),
    )


async def test_a_rename_continues_with_the_history(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_listing(connection, "OLD", "80")
        await put_dividend(connection, run, "OLD", date(2025, 9, 19), "20")
        await put_close(connection, run, "OLD", DAY - timedelta(days=400), "40")
        await put_split(connection, run, "OLD", date(2025, 9, 1), 2, 1)
        # another security had the new symbol, and gave it up before
        await put_close(connection, run, "NEW", DAY - timedelta(days=399), "7")
        await put_row(
            connection, run, "fmp_symbol_change", old_symbol="NEW", new_symbol="GONE", date=DAY - timedelta(days=300)
        )
    await build_all(pool, views)
    async with pool.acquire() as connection:
        renamed = await put_run(connection, "fmp", LISTED)
        await put_profile(connection, renamed, "NEW")
        await put_rename(connection, renamed, "OLD", "NEW", DAY)
        await put_close(connection, renamed, "NEW", DAY, "88")
    built = await build_all(pool, views)
    assert not built["equity_metrics"].full
    rows = await read_rows(
        pool, "SELECT date, delivered_symbol, close, split_adjusted_close FROM sra.equity_quote_history"
        " WHERE symbol = 'NEW' ORDER BY date"
    )  # fmt: skip
    first = rows[0]
    assert (first["date"], first["delivered_symbol"]) == (DAY - timedelta(days=400), "OLD")
    assert (first["close"], first["split_adjusted_close"]) == (Decimal(40), Decimal(20))
    assert (len(rows), rows[-1]["delivered_symbol"], rows[-1]["close"]) == (11, "NEW", Decimal(88))
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_metrics WHERE symbol = 'NEW'")
    # from 80 on the 19th, the ex-date, on: 88 / 80 - 1; the dividend was paid before
    assert (row["price_return_1w"], row["return_basis"]) == (Decimal("0.100000"), "total_return")
    before = {view.relation: await read_rows(pool, f"SELECT * FROM {view.name}") for view in views}  # noqa: S608
    rebuilt = await build_all(pool, views, full=True)
    for name in ("equity_metrics", "price_adjustment", "equity_quote_history"):
        assert rebuilt[name].changed == 0, name
    assert await read_rows(pool, "SELECT * FROM sra.equity_metrics") == before["equity_metrics"]
    async with pool.acquire() as connection:
        # what comes late under the former symbol is of the renamed security
        late = await put_run(connection, "fmp", ["eod_prices"])
        await put_close(connection, late, "OLD", DAY - timedelta(days=31), "44")
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT price_return_1m FROM sra.equity_metrics WHERE symbol = 'NEW'")
    assert row["price_return_1m"] == Decimal("3.000000")  # 88 / (44 / 2) - 1
    result = "SELECT symbol, close FROM sra.equity_quote_history WHERE last_run_id = $1 ORDER BY symbol"
    # the former symbol is still listed: since the rename it is another security's
    assert await read_rows(pool, result, late) == [{"symbol": "NEW", "close": Decimal(44)}]
    assert (await build_all(pool, views, full=True))["equity_quote_history"].changed == 0


async def test_a_symbol_of_a_delisted_company_starts_again_with_its_present_owner(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    former = DAY - timedelta(days=400)
    async with pool.acquire() as connection:
        run = await put_listing(connection, "ABC", "80")
        await put_close(connection, run, "ABC", former, "40")
        await put_split(connection, run, "ABC", former, 2, 1)
    await build_all(pool, views)
    assert len(await read_rows(pool, "SELECT * FROM sra.price_adjustment WHERE ex_date = $1", former)) == 1
    async with pool.acquire() as connection:
        result = await put_run(connection, "fmp", ["delisted"])
        await put_row(
            connection, result, "fmp_delisted", symbol="ABC", exchange="NYSE", company_name="Gone Corp.",
            delisted_date=former + timedelta(days=9),
        )  # fmt: skip
        await refresh_owners(connection, result)
    built = await build_all(pool, views, accept_drop=True)
    assert not built["equity_quote_history"].full
    (row,) = await read_rows(pool, "SELECT min(date) AS first FROM sra.equity_quote_history WHERE symbol = 'ABC'")
    assert row["first"] > former
    assert await read_rows(pool, "SELECT * FROM sra.price_adjustment WHERE ex_date = $1", former) == []
    rebuilt = await build_all(pool, views, full=True)
    assert {name: rebuilt[name].changed for name in ("equity_quote_history", "price_adjustment", "equity_metrics")} == {
        "equity_quote_history": 0, "price_adjustment": 0, "equity_metrics": 0,
    }  # fmt: skip
