"""Statements by year and period or by company: each content is a version, and none is overwritten."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from fmp_collectors.dataset import FmpDataset, FmpRequest, Storage
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.fetch import parse_rows
from fmp_collectors.repeats import settle_repeats
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.row_store import Store
from sra_shared.kit.db import Pool, open_connection
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.databases import run_async
from sra_testing.examples import examples
from sra_testing.fmp_runs import Ended, make_settings, run_fmp

STATEMENTS = [dataset for dataset in DATASETS if dataset.storage is Storage.VERSIONS]


async def run_weekly(dsn: str, stand_in: StandIn, *names: str) -> Ended:
    chosen = make_settings(stand_in.fmp_base_url)
    return await run_fmp(dsn, chosen, *names, task_type=TaskType.WEEKLY_FUNDAMENTALS)


async def test_bulk_and_single_responses_have_the_same_content(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    names = [dataset.name for dataset in STATEMENTS if dataset.endpoints[0].is_bulk]
    assert len(names) == 6
    bulk = await run_weekly(sandbox_database, stand_in, *names)
    stand_in.set_fmp(plan="premium")
    single = await run_weekly(sandbox_database, stand_in, *names)
    for dataset in STATEMENTS[:6]:
        counts = single.counts(dataset.name)
        assert bulk.counts(dataset.name)["stored"] > 0
        assert counts["unchanged"] == bulk.counts(dataset.name)["stored"]
        assert await pool.fetchval(f"SELECT max(version) FROM {dataset.table}") == 1  # noqa: S608
    assert any(path.endswith("/income-statement-bulk") for path in stand_in.stats()["fmp"]["by_path"])


@pytest.mark.parametrize("name", ["income_statement", "key_metrics"])
async def test_a_restatement_adds_a_version(sandbox_database: str, pool: Pool, stand_in: StandIn, name: str) -> None:
    chosen = BY_NAME[name]
    first = (await run_weekly(sandbox_database, stand_in, chosen.name)).counts(chosen.name)
    # as if the vendor had said something else; to change what is stored, the refusal must be lifted
    await pool.execute(f"ALTER TABLE {chosen.table} DISABLE TRIGGER append_only")
    await pool.execute(
        f"UPDATE {chosen.table} SET content_hash = 'former', reported_currency = 'XXX'"  # noqa: S608
        f" WHERE ctid = (SELECT min(ctid) FROM {chosen.table})"
    )
    again = (await run_weekly(sandbox_database, stand_in, chosen.name)).counts(chosen.name)
    assert (again["stored"], again["unchanged"]) == (1, first["stored"] - 1)
    versions = await pool.fetch(
        f"SELECT n.version, o.reported_currency, o.learnt_at < n.learnt_at AS later FROM {chosen.table} n"  # noqa: S608
        f" JOIN {chosen.table} o USING (symbol, fiscal_year, period, date) WHERE n.version = 2 AND o.version = 1"
    )
    assert [tuple(row.values()) for row in versions] == [(2, "XXX", True)]


@pytest.mark.parametrize("dataset", STATEMENTS, ids=lambda dataset: dataset.name)
async def test_the_database_refuses_to_change_a_version(pool: Pool, dataset: FmpDataset) -> None:
    for change in ("UPDATE {} SET period = 'FY'", "DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await pool.execute(change.format(dataset.table))


async def test_one_symbol_is_requested_for_the_years_of_the_days(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    symbol = await pool.fetchval("SELECT min(symbol) FROM fmp_universe WHERE NOT is_etf AND NOT is_fund")
    days = {"from": "2016-01-01", "to": "2026-01-06", "symbols": [symbol]}
    stand_in.reset()
    chosen = make_settings(stand_in.fmp_base_url, fmp_backfill_share=Decimal(1))
    await run_fmp(sandbox_database, chosen, "income_statement", task_type=TaskType.FMP_BACKFILL, **days)
    assert stand_in.stats()["fmp"]["by_path"] == {"/stable/income-statement": 2}
    years = await pool.fetch("SELECT DISTINCT fiscal_year FROM fmp_income_statement WHERE symbol = $1", symbol)
    assert {row["fiscal_year"] for row in years} >= set(range(2017, 2025))


async def test_periods_of_two_fiscal_years_with_exact_figures(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await run_weekly(sandbox_database, stand_in, "ratios", "income_statement")
    periods = {row[0] for row in await pool.fetch("SELECT DISTINCT period FROM fmp_ratio")}
    assert periods == {"FY", "Q1", "Q2", "Q3", "Q4"}
    differing = await pool.fetchval(
        "SELECT count(*) FROM fmp_income_statement WHERE revenue <> (raw_json->>'revenue')::numeric"
        " OR eps <> (raw_json->>'eps')::numeric OR filing_date <> (raw_json->>'filingDate')::date"
    )
    assert differing == 0
    assert isinstance(await pool.fetchval("SELECT current_ratio FROM fmp_ratio LIMIT 1"), Decimal)


FILINGS = {number: f"2026-0{number}-10" for number in range(1, 6)}


def make_filing(number: int, revenue: int) -> dict[str, Any]:
    return {
        **{"symbol": "ACME", "fiscalYear": "2025", "period": "FY", "date": "2025-12-31", "revenue": revenue},
        "filingDate": FILINGS[number],
    }


def model_versions(stored: list[tuple[int, int]], response: dict[int, int]) -> list[tuple[int, int]]:
    """The versions after a response, in plain Python: the last filing on top, unknown earlier ones before or below."""
    filings = sorted(response.items())
    unknown = [filing for filing in filings[:-1] if filing not in stored]
    if not filings or (stored and stored[-1] == filings[-1]):
        return [*unknown, *stored]
    return [*stored, *unknown, filings[-1]]


responses = st.lists(st.dictionaries(st.sampled_from(list(FILINGS)), st.integers(1, 2), max_size=4), max_size=4)


@examples(20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=responses, data=st.data())
def test_versions_follow_the_filings_in_any_order_of_responses(
    database: str, drawn: list[dict[int, int]], data: st.DataObject
) -> None:
    dataset = BY_NAME["income_statement"]
    request = FmpRequest(dataset.endpoints[1], "ACME", {}, ("ACME",))
    rows = [data.draw(st.permutations([make_filing(*one) for one in response.items()])) for response in drawn]

    async def store_all() -> list[tuple[int, int]]:
        connection = await open_connection(database, application_name="test")
        transaction = connection.transaction()
        await transaction.start()
        store = Store(dataset, uuid4())
        for response in rows:
            batch = parse_rows(dataset, response, request, known_symbols={"ACME"})
            settle_repeats(dataset, batch)
            delivery = FmpBatch(batch, path="income-statement")
            counts = await store.merge(connection, delivery, await store.stage(connection, delivery))
            counts.check("the answer")
        found = await connection.fetch("SELECT filing_date, revenue FROM fmp_income_statement ORDER BY version")
        await transaction.rollback()
        await connection.close()
        return [(row["filing_date"].month, int(row["revenue"])) for row in found]

    expected: list[tuple[int, int]] = []
    for response in drawn:
        expected = model_versions(expected, response)
    assert run_async(store_all()) == expected
