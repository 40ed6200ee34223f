"""Statements: by year and period or company by company, each content a version, none ever overwritten."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fmp_collectors.dataset import Storage
from fmp_collectors.datasets import BY_NAME, DATASETS
from sra_shared.db import Pool
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import Ended, make_settings, run_fmp

STATEMENTS = [dataset for dataset in DATASETS if dataset.storage is Storage.VERSIONS]


async def run_weekly(dsn: str, stand_in: StandIn, *names: str) -> Ended:
    settings = make_settings(stand_in.fmp_base_url)
    return await run_fmp(dsn, settings, *names, task_type=TaskType.WEEKLY_FUNDAMENTALS)


async def test_bulk_and_single_answers_are_the_same_content(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    names = [dataset.name for dataset in STATEMENTS if dataset.sources[0].is_bulk]
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
async def test_a_restatement_is_a_version_more(sandbox_database: str, pool: Pool, stand_in: StandIn, name: str) -> None:
    chosen = BY_NAME[name]
    first = (await run_weekly(sandbox_database, stand_in, chosen.name)).counts(chosen.name)
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
