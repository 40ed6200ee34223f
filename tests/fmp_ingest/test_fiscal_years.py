"""Fiscal years run ahead of the calendar: the next one is requested, and its missing data are not an error."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from fmp_collectors.dataset import Targets, plan_requests
from fmp_collectors.datasets.earnings import EARNINGS
from fmp_collectors.datasets.statements import INCOME_STATEMENT
from sra_shared.kit.db import Pool
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.stand_in import run_stand_in

DECEMBER = date(2025, 12, 22)
"""Of a fiscal year that ends in January three quarters are filed by then."""


async def run_weekly(dsn: str, stand_in: StandIn, *names: str, **parameters: Any) -> Ended:
    settings = make_settings(stand_in.fmp_base_url)
    return await run_fmp(dsn, settings, *names, task_type=TaskType.WEEKLY_FUNDAMENTALS, **parameters)


@pytest.mark.parametrize("plan", ["ultimate", "premium"])
async def test_the_newest_quarters_of_a_company_in_its_next_fiscal_year_arrive(
    sandbox_database: str, pool: Pool, plan: str
) -> None:
    days = {"from": "2025-12-15", "to": DECEMBER.isoformat()}
    with run_stand_in(as_of=DECEMBER, plan=plan) as vendor:
        universe = vendor.app.fmp.session.world.universe
        ahead = [one.symbol for one in universe.in_scope if one.reports and one.fiscal_month == 1]
        assert ahead
        ended = await run_weekly(sandbox_database, vendor, "income_statement", "ratios", **days)
    assert ended.task.status == "completed", ended.task.error_details
    for table in ("fmp_income_statement", "fmp_ratio"):
        rows = await pool.fetch(
            f"SELECT symbol, array_agg(period ORDER BY period) AS periods FROM {table}"  # noqa: S608
            " WHERE fiscal_year = 2026 AND symbol = ANY($1::text[]) GROUP BY symbol",
            ahead,
        )
        assert {row["symbol"]: row["periods"] for row in rows} == {symbol: ["Q1", "Q2", "Q3"] for symbol in ahead}
        years = await pool.fetch(f"SELECT DISTINCT fiscal_year FROM {table}")  # noqa: S608
        assert {row[0] for row in years} >= {2024, 2025, 2026}


@pytest.mark.parametrize("kind", ["400", "402", "402_symbol", "404", "empty_list"])
async def test_a_next_year_without_data_is_not_an_error_and_causes_few_calls(
    sandbox_database: str, pool: Pool, stand_in: StandIn, kind: str
) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "universe")
    stand_in.reset()
    stand_in.set_faults({"match": f"year={datetime.now(UTC).year + 1}", "kind": kind})
    ended = await run_weekly(sandbox_database, stand_in, "income_statement")
    assert ended.task.status == "completed", ended.task.error_details
    assert ended.task.error_details == []
    assert stand_in.stats()["fmp"]["by_path"] == {"/stable/income-statement-bulk": 15}
    assert (
        await pool.fetchval("SELECT count(*) FROM fmp_income_statement") == ended.counts("income_statement")["stored"]
    )


async def test_a_refusal_of_earlier_years_is_a_refusal(sandbox_database: str, stand_in: StandIn) -> None:
    stand_in.set_faults({"match": f"year={datetime.now(UTC).year - 1}", "kind": "400"})
    ended = await run_weekly(sandbox_database, stand_in, "income_statement")
    assert ended.units["income_statement"].status == "failed"
    assert "income-statement-bulk" in str(ended.task.error_details)


@pytest.mark.parametrize(
    ("first", "years"),
    [(date(2026, 11, 20), [2025, 2026, 2027]), (date(2016, 1, 1), [*range(2016, 2028)])],
    ids=["a week", "a history"],
)
def test_limits_cover_the_requested_years(first: date, years: list[int]) -> None:
    targets = Targets({"NYSE": ["A"]}, first, date(2026, 11, 30))
    bulk, single = INCOME_STATEMENT.endpoints
    requested = [(request.params["year"], request.params["period"]) for request in plan_requests(bulk, targets)]
    assert requested == [(str(year), period) for year in years for period in ("FY", "Q1", "Q2", "Q3", "Q4")]
    (request,) = plan_requests(single, targets)
    assert [int(variant["limit"]) for variant in request.variants] == [len(years), 4 * len(years)]
    (request,) = plan_requests(EARNINGS.endpoints[1], targets)
    assert int(request.params["limit"]) == 5 * len(years)
