"""Responses that only look like data: what is stored and reported, and the exit code of the command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from fmp_collectors.datasets import BY_NAME
from fmp_ingest.collection import collector
from sra_cli.commands.fmp import describe
from sra_cli.output import choose_exit_code
from sra_shared.kit.db import Pool
from sra_testing.fmp_runs import Ended, run_balanced
from sra_testing.scripted_vendor import Vendor, list_securities, run_vendor

BUSY = {"message": "The service is busy, please try again later"}
SCORE = {"reportedCurrency": "USD", "altmanZScore": 5.5, "piotroskiScore": 7, "workingCapital": 10, "revenue": 60}
NOW = datetime.now(UTC)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with run_vendor() as running:
        yield running


@pytest.fixture(autouse=True)
async def universe(pool: Pool) -> None:
    await list_securities(pool, ACME="NASDAQ", MAPLE_TO="TSX", WIDE="AMEX")


async def run(dsn: str, vendor: Vendor, name: str, **parameters: Any) -> Ended:
    return await run_balanced(dsn, vendor.base_url, name, **parameters)


def tell(ended: Ended, name: str) -> tuple[int, str]:
    """The exit code of the command, and what it says."""
    result = describe(BY_NAME[name], ended.task, list(ended.units.values()), 0.0)
    return choose_exit_code(result["status"]), str(result["error"])


async def test_an_error_object_never_replaces_a_good_score(database: str, pool: Pool, vendor: Vendor) -> None:
    vendor.restrict("scores-bulk")
    vendor.say("financial-scores", [{"symbol": "ACME", **SCORE}], BUSY, symbol="ACME")
    vendor.say("financial-scores", [{"symbol": "MAPLE.TO", **SCORE}], symbol="MAPLE.TO")
    assert tell(await run(database, vendor, "scores"), "scores")[0] == 0
    ended = await run(database, vendor, "scores")
    code, said = tell(ended, "scores")
    assert code != 0
    assert "ACME" in said
    assert "FMP returned error_in_200 for financial-scores (ACME): The service is busy" in said
    assert ended.counts("scores") | {"rejected_by": {}, "warnings_by": {}} == {
        **{"read": 1, "stored": 0, "unchanged": 1, "duplicate": 0, "rejected": 0},
        **{"rejected_by": {}, "warnings_by": {}},
    }
    assert await pool.fetchval("SELECT altman_z_score FROM fmp_score WHERE symbol = 'ACME'") == Decimal("5.5")


async def test_an_error_object_is_retried_and_never_cached(database: str, pool: Pool, vendor: Vendor) -> None:
    facts = [{"symbol": "WIDE", "name": "Wide Market ETF", "nav": 500.1, "expenseRatio": 0.09}]
    vendor.say("etf/info", BUSY, facts, symbol="WIDE")
    ended = await run(database, vendor, "etf_info")
    assert (tell(ended, "etf_info")[0], ended.task.details["fmp"]["retried"]) == (0, 1)
    assert await pool.fetchval("SELECT nav FROM fmp_etf_info") == Decimal("500.1")
    assert await pool.fetchval("SELECT count(*) FROM cached_answer WHERE body LIKE '%busy%'") == 0


async def test_a_cached_response_of_an_earlier_release_is_checked_before_use(
    database: str, pool: Pool, vendor: Vendor
) -> None:
    vendor.say("etf/info", [{"symbol": "WIDE", "nav": 500}], symbol="WIDE")
    await run(database, vendor, "etf_info")
    await pool.execute(
        'UPDATE cached_answer SET body = \'{"call": null, "rows": [{"message": "The service is busy"}]}\''
    )
    ended = await run(database, vendor, "etf_info")
    assert ended.counts("etf_info")["unchanged"] == 1
    assert ended.task.details["fmp"]["calls"] == 1


@pytest.mark.parametrize(
    "response",
    [
        [{"symbol": "ACME", **SCORE}, BUSY],
        {"symbol": "ACME", **BUSY},
        [{"symbol": "ACME", "data": {"Error Message": "busy"}}],
        ["The service is busy"],
        "The service is busy",
        "503",
        {"altmanZScore": 1},
    ],
    ids=str,
)
async def test_errors_in_any_place_store_nothing_and_are_reported(
    database: str, pool: Pool, vendor: Vendor, response: Any
) -> None:
    vendor.restrict("scores-bulk")
    vendor.say("financial-scores", response)
    ended = await run(database, vendor, "scores", symbols=["ACME"])
    code, said = tell(ended, "scores")
    assert code != 0
    assert "error_in_200" in said
    assert ended.counts("scores")["read"] == 0
    assert await pool.fetchval("SELECT count(*) FROM fmp_score") == 0


async def test_an_empty_object_is_not_data(database: str, vendor: Vendor) -> None:
    vendor.restrict("scores-bulk")
    vendor.say("financial-scores", {}, [{}])
    ended = await run(database, vendor, "scores")
    assert (tell(ended, "scores"), ended.counts("scores")["read"]) == ((0, "None"), 0)


@pytest.mark.parametrize(
    "file", ["Sorry, the service is busy\n", "ticker,score\nACME,1\n", "<html>busy, wait</html>", '{"message": "busy"}']
)
async def test_an_invalid_file_is_an_error(database: str, pool: Pool, vendor: Vendor, file: str) -> None:
    vendor.say("scores-bulk", file)
    ended = await run(database, vendor, "scores")
    assert tell(ended, "scores")[0] != 0
    assert await pool.fetchval("SELECT count(*) FROM fmp_score") == 0


async def test_rows_of_a_file_that_are_not_records_are_rejected(database: str, pool: Pool, vendor: Vendor) -> None:
    vendor.say("scores-bulk", "symbol,altmanZScore,revenue\nACME,1,\nMAPLE.TO,,\n,2,3\nOTHER,,\n")
    ended = await run(database, vendor, "scores")
    counts = ended.counts("scores")
    assert (counts["read"], counts["stored"]) == (3, 1)
    assert counts["rejected_by"] == {"missing_symbol": 1, "not_a_record": 1}


def make_quote(symbol: str, price: Any, stamp: float, **more: Any) -> dict[str, Any]:
    return {"symbol": symbol, "exchange": "NASDAQ", "price": price, "timestamp": int(stamp), "open": 10} | more


async def test_a_quote_from_the_future_is_never_the_latest(database: str, pool: Pool, vendor: Vendor) -> None:
    vendor.restrict("batch-exchange-quote")
    now = NOW.timestamp()
    vendor.say("batch-quote", [make_quote("ACME", 10.5, 4_070_908_800)], [make_quote("ACME", 99.5, now)])
    first = await run(database, vendor, "quote")
    assert first.counts("quote")["rejected_by"] == {"bad_timestamp": 1}
    await run(database, vendor, "quote")
    rows = await pool.fetch("SELECT price FROM fmp_quote")
    assert [row["price"] for row in rows] == [Decimal("99.5")]


async def test_prices_of_zero_and_bare_constants_drop_fields_or_rows(database: str, pool: Pool, vendor: Vendor) -> None:
    stamp, pad = int(NOW.timestamp()), '"exchange": "NASDAQ", "timestamp"'
    vendor.restrict("batch-exchange-quote")
    vendor.say(
        "batch-quote",
        f'[{{"symbol": "ACME", "price": 10, "open": 0, "volume": NaN, {pad}: {stamp}}},'
        f'{{"symbol": "MAPLE.TO", "price": 0, {pad}: {stamp}}}, {{"symbol": "WIDE", "price": 5, {pad}: Infinity}}]',
    )
    counts = (await run(database, vendor, "quote")).counts("quote")
    assert (counts["read"], counts["stored"], counts["rejected"]) == (3, 1, 2)
    assert counts["rejected_by"] == {"bad_price": 1, "bad_timestamp": 1}
    assert counts["warnings_by"] == {"bad_number": 1, "bad_price": 1}
    row = await pool.fetchrow("SELECT price, open, volume FROM fmp_quote")
    assert row is not None
    assert tuple(row) == (Decimal(10), None, None)


async def test_a_response_about_another_security_is_no_data_for_the_requested_one(
    database: str, pool: Pool, vendor: Vendor
) -> None:
    vendor.restrict("batch-exchange-quote", "batch-quote")
    vendor.say("quote", [make_quote("OTHER", 1, NOW.timestamp())], symbol="ACME")
    vendor.say("quote", [make_quote("WIDE", 2, NOW.timestamp())], symbol="WIDE")
    ended = await run(database, vendor, "quote")
    code, said = tell(ended, "quote")
    assert (code, said) == (0, "quote: no data for ACME (the response is about OTHER).")
    assert ended.units["quote"].counts.out_of_scope == 1
    assert [row["symbol"] for row in await pool.fetch("SELECT symbol FROM fmp_quote")] == ["WIDE"]


async def test_a_batch_stores_only_requested_symbols_and_their_aliases(
    database: str, pool: Pool, vendor: Vendor
) -> None:
    await pool.execute(
        "INSERT INTO fmp_symbol_change (date, old_symbol, new_symbol, raw_json, run_id, content_hash)"
        " VALUES ('2026-01-05', 'ACMEOLD', 'ACME', '{}', $1, 'x')",
        uuid4(),
    )
    vendor.restrict("batch-exchange-quote")
    vendor.say("batch-quote", [make_quote(name, 1, NOW.timestamp()) for name in ("ACMEOLD", "OTHER", "WIDE")])
    ended = await run(database, vendor, "quote")
    assert ended.units["quote"].counts.out_of_scope == 1
    stored = await pool.fetch("SELECT symbol FROM fmp_quote ORDER BY 1")
    assert [row["symbol"] for row in stored] == ["ACMEOLD", "WIDE"]
    assert tell(ended, "quote")[1] == "quote: no data for MAPLE.TO (the response is about OTHER)."


def make_statement(revenue: int, filed: str | None) -> dict[str, Any]:
    times = {"filingDate": filed, "acceptedDate": f"{filed} 06:00:00"} if filed else {}
    return {"symbol": "ACME", "date": "2025-12-31", "fiscalYear": "2025", "period": "FY", "revenue": revenue, **times}


ORIGINAL, RESTATED = make_statement(1000, "2026-02-10"), make_statement(900, "2026-08-14")


async def list_versions(pool: Pool) -> list[int]:
    rows = await pool.fetch("SELECT revenue FROM fmp_income_statement ORDER BY version")
    return [int(row["revenue"]) for row in rows]


@pytest.mark.parametrize(
    ("responses", "versions", "stored"),
    [
        # the restatement first, as the vendor sends history; and last
        ([[RESTATED, ORIGINAL]], [1000, 900], 0),
        ([[ORIGINAL, RESTATED]], [1000, 900], 0),
        ([[ORIGINAL], [RESTATED, ORIGINAL]], [1000, 900], 0),
        # a filing that another one superseded before it was known goes below
        ([[RESTATED], [ORIGINAL, RESTATED]], [1000, 900], 0),
        ([[ORIGINAL, RESTATED], [RESTATED, make_statement(950, "2026-05-01"), ORIGINAL]], [950, 1000, 900], 0),
        ([[ORIGINAL, RESTATED], [ORIGINAL, RESTATED, make_statement(800, "2026-09-01")]], [1000, 900, 800], 0),
        ([[ORIGINAL], [make_statement(1, None), RESTATED]], [1000], 0),
    ],
)
async def test_the_later_filing_is_the_latest_version(
    database: str, pool: Pool, vendor: Vendor, responses: list[Any], versions: list[int], stored: int
) -> None:
    vendor.restrict("income-statement-bulk")
    for response in responses:
        vendor.say("income-statement", response, period="annual")
        await run(database, vendor, "income_statement", symbols=["ACME"])
    assert await list_versions(pool) == versions
    again = await run(database, vendor, "income_statement", symbols=["ACME"])
    assert again.counts("income_statement")["stored"] == stored
    assert await list_versions(pool) == versions


async def test_two_ratios_of_a_period_are_both_rejected_and_named(database: str, pool: Pool, vendor: Vendor) -> None:
    row = {"symbol": "ACME", "date": "2025-12-31", "fiscalYear": "2025", "period": "FY", "currentRatio": 1}
    vendor.say("ratios", [row, row | {"currentRatio": 2}, row], period="annual")
    counts = (await run(database, vendor, "ratios", symbols=["ACME"])).counts("ratios")
    assert (counts["read"], counts["duplicate"], counts["rejected_by"]) == (3, 1, {"ambiguous_key": 2})
    kept = await pool.fetch("SELECT record_key, detail FROM rejected_record")
    assert [row["record_key"] for row in kept] == ["ACME", "ACME"]
    assert await pool.fetchval("SELECT count(*) FROM fmp_ratio") == 0


@pytest.mark.parametrize("chunk_rows", [2, 5000])
async def test_rows_of_one_key_are_compared_across_the_chunks_of_a_file(
    database: str, pool: Pool, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, chunk_rows: int
) -> None:
    monkeypatch.setattr(collector, "_CHUNK_ROWS", chunk_rows)
    rows = ["ACME,NASDAQ,Acme,10", "WIDE,AMEX,Wide,5", "FAR,LSE,Far,1", "ZED,NYSE,Zed,7", "wide,AMEX,Wide,5.0",
            "acme,NASDAQ,Acme Inc.,10"]  # fmt: skip
    vendor.say("profile-bulk", "\n".join(["symbol,exchange,companyName,price", *rows, ""]), part="0")
    vendor.say("profile-bulk", "Query Error: Invalid or missing query parameter - part", status=400, part="1")
    counts = (await run(database, vendor, "profile")).counts("profile")
    assert (counts["read"], counts["stored"], counts["duplicate"]) == (5, 2, 1)
    assert counts["rejected_by"] == {"ambiguous_key": 2}
    stored = await pool.fetch("SELECT symbol FROM equity_profile ORDER BY 1")
    assert [row["symbol"] for row in stored] == ["WIDE", "ZED"]


async def test_pages_of_one_response_are_classified_together(database: str, pool: Pool, vendor: Vendor) -> None:
    rows = [
        {"symbol": f"S{number}", "exchange": "NYSE", "delistedDate": "2026-01-05", "companyName": "One"}
        for number in range(100)
    ]
    vendor.say("delisted-companies", rows, page="0")
    vendor.say(
        "delisted-companies", [rows[0] | {"companyName": "Two"}, rows[1], {**rows[2], "symbol": "NEW"}], page="1"
    )
    counts = (await run(database, vendor, "delisted")).counts("delisted")
    assert (counts["stored"], counts["duplicate"], counts["rejected_by"]) == (100, 1, {"ambiguous_key": 2})
    assert await pool.fetchval("SELECT count(*) FROM fmp_delisted WHERE symbol = 'S0'") == 0


async def test_the_fuller_report_is_kept_and_the_other_is_reported(database: str, pool: Pool, vendor: Vendor) -> None:
    day = (NOW + timedelta(days=1)).date().isoformat()
    one = {"symbol": "ACME", "date": day, "epsActual": None, "epsEstimated": 0.4, "lastUpdated": day}
    vendor.say("earnings-calendar", [one | {"epsActual": 0.5}, one, one])
    counts = (await run(database, vendor, "earnings", **{"from": day, "to": day})).counts("earnings")
    assert (counts["stored"], counts["duplicate"], counts["rejected_by"]) == (1, 1, {"superseded": 1})
    assert await pool.fetchval("SELECT eps_actual FROM fmp_earning") == Decimal("0.5")


async def test_a_list_with_a_row_of_another_fund_closes_nothing(database: str, pool: Pool, vendor: Vendor) -> None:
    row = {"symbol": "WIDE", "asset": "AAA", "name": "A", "sharesNumber": 1}
    vendor.say("etf/holdings", [row, row | {"asset": "BBB"}])
    await run(database, vendor, "etf_holdings", symbols=["WIDE"])
    vendor.say("etf/holdings", [row | {"symbol": "OTHER"}, row])
    ended = await run(database, vendor, "etf_holdings", symbols=["WIDE"])
    assert ended.units["etf_holdings"].counts.out_of_scope == 1
    assert await pool.fetchval("SELECT count(*) FROM fmp_etf_holding WHERE valid_to IS NULL") == 2
