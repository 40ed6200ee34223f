"""Explanations of gaps: distributions, rates, sessions, runs and rejects as stored."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_data, put_fund, put_quote, put_row, put_run
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views(
        *(
            "distributions",
            "distributions_history",
            "fund_codes",
            "exchange_rates",
            "trading_calendar",
            "runs",
            "rejects",
        )
    )


async def test_distributions_keep_every_digit_and_former_versions(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDistribution", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_data(
            connection, run, "FundDistribution", "1", "d", date=DAY, total_distribution="0.123456", capital_gains="0.1",
            return_of_principle="0.023456",
        )  # fmt: skip
        await put_quote(connection, run, "1", DAY, "10", total_distribution=Decimal("0.12"))
        await put_quote(connection, run, "1", date(2025, 9, 25), "10")
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.distributions WHERE security_id = 'fundata:1' ORDER BY ordinal")
    assert [(row["ordinal"], row["dataset"], row["amount"]) for row in rows] == [
        (1, "FundDailyNAVPS", Decimal("0.12")),
        (2, "FundDistribution", Decimal("0.123456")),
    ]
    assert (rows[1]["capital_gains"], rows[1]["return_of_capital"], rows[1]["currency"]) == (
        *(Decimal("0.1"), Decimal("0.023456")),
        "CAD",
    )
    async with pool.acquire() as connection:
        later = await put_run(connection, "fundata", ["FundDistribution"])
        await put_data(
            connection,
            later,
            "FundDistribution",
            "1",
            "d",
            date=DAY,
            total_distribution="0.123456",
            record_state="Deleted",
        )
    await build_all(pool, views)
    left = await read_rows(pool, "SELECT dataset FROM sra.distributions")
    assert left == [{"dataset": "FundDailyNAVPS"}]
    history = await read_rows(
        pool, "SELECT * FROM sra.distributions_history WHERE dataset = 'FundDistribution' ORDER BY ordinal"
    )
    assert [(row["version"], row["record_state"], row["withdrawn_at"] is None) for row in history] == [
        (1, None, False),
        (2, "Deleted", False),
    ]
    assert history[1]["last_run_id"] == later
    assert await read_rows(pool, "SELECT * FROM sra.distributions WHERE identifier = '2'") == []


async def test_codes_are_those_of_one_language(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral", "FundLoads"])
        await put_fund(connection, run, "1")
        for language, status in (("EN", "Open"), ("FR", "Ouvert")):
            await put_data(
                connection, run, "FundLoads", "1", language, language=language, fund_serv_code="ABC100",
                load_type="Front End", sales_status=status, max_percent="5.125",
            )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.fund_codes WHERE fundserv_code = 'ABC100'")
    assert (row["security_id"], row["sales_status"], row["load_type"]) == ("fundata:1", "Open", "Front End")
    assert row["max_load"] == Decimal("0.05125")


async def test_rates_and_sessions_are_as_stored(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await build_all(pool, views)
    for name in ("exchange_rates", "trading_calendar", "fund_codes", "rejects"):
        assert await read_rows(pool, f"SELECT * FROM sra.{name}") == []  # noqa: S608
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["exchange_rates"])
        await put_row(
            connection, run, "fmp_exchange_rate", pair="USDCAD", date=DAY, open="1.39", high="1.41", low="1.38",
            close="1.395512345",
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO market_session (exchange, session_date, close_at) VALUES ('TSX', '2025-09-26', '2025-09-26 20:00Z')"
        )
    (rate,) = await read_rows(pool, "SELECT * FROM sra.exchange_rates")
    assert (rate["pair"], rate["base_currency"], rate["quote_currency"]) == ("USDCAD", "USD", "CAD")
    names = ("exchange_rate", "exchange_rate_open", "exchange_rate_high", "exchange_rate_low")
    assert [rate[name] for name in names] == [Decimal(value) for value in ("1.395512345", "1.39", "1.41", "1.38")]
    assert rate["last_run_id"] == run
    (session,) = await read_rows(pool, "SELECT * FROM sra.trading_calendar")
    assert (session["exchange"], session["session_date"], session["close_at"]) == (
        *("TSX", DAY),
        datetime(2025, 9, 26, 20, tzinfo=UTC),
    )


async def test_a_run_reports_its_result_for_each_dataset(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["quote", "eod_prices"])
        await connection.execute(
            "UPDATE run_unit SET status = 'failed', error = 'HTTP 503', read_count = 5, stored_count = 3, rejected_count = 2"
            " WHERE task_id = $1 AND dataset = 'quote'",
            run,
        )
    await build_all(pool, views)
    rows = await read_rows(pool, "SELECT * FROM sra.runs WHERE task_id = $1 ORDER BY dataset", run)
    result = [(row["dataset"], row["unit_count"], row["completed_unit_count"], row["stored_count"]) for row in rows]
    assert result == [("eod_prices", 1, 1, 0), ("quote", 1, 0, 3)]
    assert (rows[1]["run_error"], rows[1]["read_count"], rows[1]["rejected_count"]) == ("HTTP 503", 5, 2)
    assert (rows[0]["run_error"], rows[0]["source"], rows[0]["run_status"]) == (None, "fmp", "completed")


async def test_a_reject_is_shown_without_its_bytes(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fmp", ["quote"])
        await connection.execute(
            "INSERT INTO rejected_record (run_id, source, dataset, record_key, reason, detail, raw, dismissed_by)"
            " VALUES ($1, 'fmp', 'quote', 'ABC', 'bad_price', 'The price is -1.', 'secret bytes', 'somebody')",
            run,
        )
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.rejects")
    assert (row["dataset"], row["record_key"], row["reject_reason"]) == ("quote", "ABC", "bad_price")
    assert (row["reject_detail"], row["resolved_at"], row["first_run_id"]) == ("The price is -1.", None, run)
    assert not {"raw", "dismissed_by", "origin"} & set(row)
