"""Repeated and replayed rejects of FMP: counted, stored with their call, and never over newer rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fmp_collectors import bounds
from fmp_ingest.collection import reject_replay as module
from fmp_ingest.collection.reject_replay import FmpReplayWork
from fundata_ingest.seed.local_load import LoadResult, run_in_process
from sra_shared.kit.db import Pool
from sra_shared.runs import RunStatus
from sra_shared.runs.rejects import dismiss_rejects, make_replay_request
from sra_testing.fmp_runs import Ended, run_balanced
from sra_testing.fundata import five, run_cli
from sra_testing.people import SOMEBODY
from sra_testing.scripted_vendor import Vendor, list_securities, run_vendor

EOD = "historical-price-eod/non-split-adjusted"
PRICE = {"symbol": "ACME", "date": "2026-01-05", "open": 1, "high": 3, "low": 1, "close": 0, "volume": 100}
PROFILE = {"symbol": "ACME", "companyName": "Acme", "exchange": "NASDAQ", "price": 10, "marketCap": 50, "beta": 1}
SPLIT = {"symbol": "ACME", "date": "2026-01-05", "numerator": 2, "denominator": 1}
STATEMENT = {
    **{"symbol": "ACME", "date": "2025-12-31", "fiscalYear": "2025", "period": "FY", "reportedCurrency": "USD"},
    **{"filingDate": "2026-02-01", "revenue": 10},
}
WIDE = {"symbol": "WIDE", "asset": "AAA", "name": "A", "sharesNumber": 1}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with run_vendor() as running:
        running.restrict("eod-bulk", "profile-bulk")
        yield running


@pytest.fixture(autouse=True)
async def universe(pool: Pool) -> None:
    await list_securities(pool, ACME="NASDAQ", MAPLE_TO="TSX", WIDE="AMEX")


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Rules that take a price of zero, from the call of `take_zero` on."""
    with monkeypatch.context() as patched:
        yield patched


def take_zero(rules: pytest.MonkeyPatch) -> None:
    rules.setattr(bounds, "_find_fault", lambda *_: ("", ""))
    rules.setattr(bounds, "_find_impossible", lambda *_: ({}, []))


async def run(dsn: str, vendor: Vendor, name: str, **parameters: Any) -> Ended:
    return await run_balanced(dsn, vendor.base_url, name, **parameters)


async def replay(dsn: str, **requested: Any) -> LoadResult:
    return await run_in_process(dsn, make_replay_request("fmp", **requested), FmpReplayWork())


async def list_rejects(pool: Pool) -> list[tuple[str, int, str | None]]:
    rows = await pool.fetch("SELECT reason, seen_count, resolution FROM rejected_record ORDER BY reject_id")
    return [tuple(row) for row in rows]


async def test_a_row_delivered_every_day_is_one_reject(database: str, pool: Pool, vendor: Vendor) -> None:
    """Of a profile other figures move from day to day, and of a quote its time: it is the same row that is bad."""
    quote = {"symbol": "ACME", "name": "Acme", "exchange": "NASDAQ", "price": 0, "timestamp": 1767600000}
    for day in range(3):
        vendor.say("profile", [PROFILE | {"marketCap": -1, "price": 10 + day}], symbol="ACME")
        vendor.say("batch-exchange-quote", [quote | {"timestamp": 1767600000 + 86400 * day}], exchange="NASDAQ")
        vendor.say(EOD, [PRICE], symbol="ACME")
        assert (await run(database, vendor, "profile", symbols=["ACME"])).counts("profile")["rejected"] == 1
        assert (await run(database, vendor, "quote")).counts("quote")["rejected"] == 1
        days = {"symbols": ["ACME"], "from": "2026-01-02", "to": "2026-01-06"}
        assert (await run(database, vendor, "eod_prices", **days)).counts("eod_prices")["rejected"] == 1
    rows = await pool.fetch("SELECT * FROM rejected_record ORDER BY dataset")
    assert [(row["dataset"], row["seen_count"]) for row in rows] == [("eod_prices", 3), ("profile", 3), ("quote", 3)]
    for row in rows:
        assert row["last_run_id"] not in (None, row["run_id"])
        assert row["last_seen_at"] > row["created_at"]
    # the row as delivered last, and its call
    assert json.loads(rows[1]["raw"])["price"] == 12
    calls = {row["call_id"]: row for row in await pool.fetch("SELECT * FROM fmp_call")}
    assert (calls[rows[1]["call_id"]]["path"], calls[rows[1]["call_id"]]["run_id"]) == (
        "profile",
        rows[1]["last_run_id"],
    )
    # of a row that is the same to the last character the first call is enough
    assert calls[rows[0]["call_id"]]["run_id"] == rows[0]["run_id"]
    assert len(calls) == 7


async def test_a_replay_stores_a_price_with_its_original_call(
    database: str, pool: Pool, vendor: Vendor, rules: pytest.MonkeyPatch
) -> None:
    vendor.say(EOD, [PRICE], symbol="ACME")
    ended = await run(database, vendor, "eod_prices", symbols=["ACME"], **{"from": "2026-01-02", "to": "2026-01-06"})
    code, result = await run_cli(database, "rejects", "replay")
    assert (code, result["status"], result["rejected_by"]) == (2, "partial", {"bad_price": 1})
    assert "Nothing was resolved: all 1 replayed records are still rejected (1 bad_price)." in result["error"]
    take_zero(rules)
    done = await replay(database)
    assert (five(done, "rejects"), done.task.status) == ((1, 1, 0, 0, 0), RunStatus.COMPLETED)
    (row,) = await pool.fetch("SELECT p.*, c.run_id AS called_by FROM fmp_eod_price p JOIN fmp_call c USING (call_id)")
    assert (row["close"], row["raw_json"], row["run_id"]) == (0, PRICE, done.task.task_id)
    assert row["called_by"] == ended.task.task_id
    assert await list_rejects(pool) == [("bad_price", 1, "replayed")]
    event = await pool.fetchrow("SELECT source, datasets FROM completion_outbox WHERE run_id = $1", done.task.task_id)
    assert tuple(event) == ("fmp", ["eod_prices"])
    code, result = await run_cli(database, "rejects", "replay", "--dataset", "eod_prices")
    assert (code, result["read"]) == (2, 0)
    assert result["error"] == "Nothing was resolved: there was no open reject to replay."


async def test_a_newer_row_is_never_overwritten(
    database: str, pool: Pool, vendor: Vendor, rules: pytest.MonkeyPatch
) -> None:
    for row in (PROFILE | {"price": 0, "beta": 7}, PROFILE):
        vendor.say("profile", [row], symbol="ACME")
        await run(database, vendor, "profile", symbols=["ACME"])
    take_zero(rules)
    assert five(await replay(database), "rejects") == (1, 0, 1, 0, 0)
    assert await pool.fetchval("SELECT current_price FROM equity_profile") == 10
    assert await list_rejects(pool) == [("bad_price", 1, "replayed, newer data is stored")]


async def test_an_older_row_is_replaced_and_kept_in_the_history(
    database: str, pool: Pool, vendor: Vendor, rules: pytest.MonkeyPatch
) -> None:
    for row in (PROFILE, PROFILE | {"price": 0, "beta": 7, "companyName": "Acme Inc."}):
        vendor.say("profile", [row], symbol="ACME")
        await run(database, vendor, "profile", symbols=["ACME"])
    take_zero(rules)
    assert five(await replay(database), "rejects") == (1, 1, 0, 0, 0)
    assert await pool.fetchval("SELECT company_name FROM equity_profile") == "Acme Inc."
    assert await pool.fetchval("SELECT row_values ->> 'company_name' FROM fmp_row_history") == "Acme"


async def test_a_row_that_was_confirmed_without_a_trace_holds(
    database: str, pool: Pool, vendor: Vendor, rules: pytest.MonkeyPatch
) -> None:
    """The vendor goes back to what it said before: nothing is written, so that no time shows which is newer."""
    for row in (PROFILE, PROFILE | {"price": 0, "beta": 7}, PROFILE):
        vendor.say("profile", [row], symbol="ACME")
        await run(database, vendor, "profile", symbols=["ACME"])
    take_zero(rules)
    stale = await replay(database)
    assert (five(stale, "rejects"), stale.task.status) == ((1, 0, 0, 0, 1), RunStatus.PARTIAL)
    assert await list_rejects(pool) == [("not_newest", 1, None)]
    assert await pool.fetchval("SELECT current_price FROM equity_profile") == 10
    # delivered again, it is the newest
    rules.undo()
    vendor.say("profile", [PROFILE | {"price": 0, "beta": 7}], symbol="ACME")
    await run(database, vendor, "profile", symbols=["ACME"])
    take_zero(rules)
    assert five(await replay(database), "rejects") == (1, 1, 0, 0, 0)
    assert await list_rejects(pool) == [("bad_price", 2, "replayed")]
    assert await pool.fetchval("SELECT current_price FROM equity_profile") == 0


async def test_a_row_with_a_rival_of_its_key_stays_open(
    database: str, pool: Pool, vendor: Vendor, rules: pytest.MonkeyPatch
) -> None:
    """The other one was stored before, and is unchanged: only the delivery knew of both."""
    vendor.say("profile", [PROFILE], symbol="ACME")
    await run(database, vendor, "profile", symbols=["ACME"])
    vendor.say("profile", [PROFILE, PROFILE | {"price": 0, "beta": 7}], symbol="ACME")
    await run(database, vendor, "profile", symbols=["ACME"])
    take_zero(rules)
    assert five(await replay(database), "rejects") == (1, 0, 0, 0, 1)
    assert await list_rejects(pool) == [("ambiguous_key", 1, None)]


async def test_a_contradicted_row_is_stored_once_the_other_is_dismissed(
    database: str, pool: Pool, vendor: Vendor
) -> None:
    row = {"symbol": "ACME", "date": "2025-12-31", "fiscalYear": "2025", "period": "FY", "currentRatio": 1}
    for _ in range(2):
        vendor.say("ratios", [row, row | {"currentRatio": 2}], period="annual")
        await run(database, vendor, "ratios", symbols=["ACME"])
    assert await list_rejects(pool) == [("ambiguous_key", 2, None)] * 2
    assert five(await replay(database), "rejects") == (2, 0, 0, 0, 2)
    wrong = await pool.fetchval(
        "SELECT reject_id FROM rejected_record WHERE position('2}' IN encode(raw, 'escape')) > 0"
    )
    async with pool.acquire() as connection, connection.transaction():
        await dismiss_rejects(connection, [wrong], why="The filing says 1.", by=SOMEBODY)
    assert five(await replay(database), "rejects") == (1, 1, 0, 0, 0)
    assert await pool.fetchval("SELECT current_ratio FROM fmp_ratio") == 1


async def test_an_older_statement_goes_below_the_newer_ones(
    database: str, pool: Pool, vendor: Vendor, rules: pytest.MonkeyPatch
) -> None:
    for row in (STATEMENT | {"revenue": "1e50"}, STATEMENT | {"revenue": 12}):
        vendor.say("income-statement", [row], period="annual")
        await run(database, vendor, "income_statement", symbols=["ACME"])
    (number,) = [row["reject_id"] for row in await pool.fetch("SELECT reject_id FROM rejected_record")]
    done = await replay(database, corrections={number: json.dumps(STATEMENT)})
    assert five(done, "rejects") == (1, 1, 0, 0, 0)
    rows = await pool.fetch("SELECT version, revenue FROM fmp_income_statement ORDER BY version")
    assert [(row["version"], row["revenue"]) for row in rows] == [(0, 10), (1, 12)]
    assert await list_rejects(pool) == [("number_out_of_range", 1, "corrected")]


async def test_events_and_list_entries_are_stored_unless_a_newer_response_lacks_them(
    database: str, pool: Pool, vendor: Vendor
) -> None:
    days = {"symbols": ["ACME"], "from": "2026-01-02", "to": "2026-01-06"}
    vendor.say("splits", [SPLIT | {"numerator": "many"}], symbol="ACME")
    vendor.say("etf/holdings", [WIDE, WIDE | {"asset": "BBB", "sharesNumber": "many"}], symbol="WIDE")
    await run(database, vendor, "splits", **days)
    await run(database, vendor, "etf_holdings", symbols=["WIDE"])
    holding, split = [row[0] for row in await pool.fetch("SELECT reject_id FROM rejected_record ORDER BY dataset")]
    mended = {holding: json.dumps(WIDE | {"asset": "BBB", "sharesNumber": 5}), split: json.dumps(SPLIT)}
    vendor.say("splits", [], symbol="ACME")
    await run(database, vendor, "splits", **days)
    done = await replay(database, corrections=mended)
    assert done.task.status is RunStatus.COMPLETED
    assert {unit.dataset: unit.counts.stored for unit in done.units} == {"etf_holdings": 1, "splits": 0}
    # the vendor was called again since, and did not deliver the split
    assert await list_rejects(pool) == [("not_newest", 1, None), ("bad_shares_number", 1, "corrected")]
    held = await pool.fetch("SELECT asset, shares_number FROM fmp_etf_holding WHERE valid_to IS NULL ORDER BY 1")
    assert [tuple(row) for row in held] == [("AAA", 1), ("BBB", 5)]
    vendor.say("splits", [SPLIT | {"numerator": "many"}], symbol="ACME")
    await run(database, vendor, "splits", **days)
    assert five(await replay(database, corrections=mended | {holding: "{}"}), "rejects")[1] == 1
    assert await pool.fetchval("SELECT numerator FROM fmp_split WHERE valid_to IS NULL") == 2


async def test_an_undecidable_row_is_reported_with_its_reason(database: str, pool: Pool, vendor: Vendor) -> None:
    vendor.say("profile", [PROFILE | {"price": 0}], symbol="ACME")
    await run(database, vendor, "profile", symbols=["ACME"])
    await pool.execute('UPDATE rejected_record SET origin = origin || \'{"path": "of-before"}\'')
    assert five(await replay(database), "rejects") == (1, 0, 0, 0, 1)
    assert await list_rejects(pool) == [("needs_answer", 1, None)]
    await pool.execute("UPDATE fmp_universe SET valid_to = now()")
    await pool.execute("UPDATE rejected_record SET origin = NULL, raw = '{\"symbol\": \"ACME\"', reason = 'bad_price'")
    assert five(await replay(database), "rejects") == (1, 0, 0, 0, 1)
    assert await list_rejects(pool) == [("bad_price", 1, None)]
    # an id of the other source, and one that is dismissed
    number = await pool.fetchval("SELECT reject_id FROM rejected_record")
    async with pool.acquire() as connection, connection.transaction():
        await dismiss_rejects(connection, [number], why="Gone.", by=SOMEBODY)
    result = await replay(database, reject_ids=[number])
    assert (result.task.status, result.errors) == (
        RunStatus.FAILED,
        [f"Reject {number} was dismissed (Gone.): reopen it first."],
    )


async def test_a_killed_replay_loses_and_duplicates_nothing(
    database: str, pool: Pool, vendor: Vendor, rules: pytest.MonkeyPatch
) -> None:
    days = [f"2026-01-{day:02d}" for day in (5, 6, 7, 8, 9)]
    vendor.say(EOD, [PRICE | {"date": day} for day in days], symbol="ACME")
    await run(database, vendor, "eod_prices", symbols=["ACME"], **{"from": days[0], "to": days[-1]})
    take_zero(rules)
    rules.setattr(module, "_PAGE_ROWS", 2)
    resolve, tried = module.resolve_reject, []

    async def resolve_or_exit(*arguments: Any) -> None:
        tried.append(arguments[1])
        if len(tried) == 4:
            # the row is stored in this transaction, and the server ends it
            await pool.execute("SELECT pg_terminate_backend($1)", arguments[0].get_server_pid())
        await resolve(*arguments)

    rules.setattr(module, "resolve_reject", resolve_or_exit)
    done = await replay(database)
    assert (done.task.status, five(done, "rejects")) == (RunStatus.COMPLETED, (5, 5, 0, 0, 0))
    assert len(tried) == 7
    assert await pool.fetchval("SELECT count(*) FROM fmp_eod_price") == 5
    assert {resolution for _, _, resolution in await list_rejects(pool)} == {"replayed"}
    assert await pool.fetchval("SELECT count(*) FROM fmp_row_history") == 0
