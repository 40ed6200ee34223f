"""Something in every view: funds, listings, a day of treasury rates."""

from __future__ import annotations

from datetime import date

from sra_shared.kit.db import Pool
from sra_testing.listings import DATASETS, put_market
from sra_testing.records import put_data, put_fund, put_quote, put_run

FIRST_DAY = date(2000, 1, 1)
_MONTHLY = ("FundPerformanceSummary", "FundYearlyPerformance", "FundDistribution", "FundLoads")


async def put_everything(pool: Pool, *, funds: int, name: str = "Fund 0") -> None:
    """Store some funds of one name, and a market of listings."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS", *_MONTHLY])
        listed = await put_run(connection, "fmp", [*DATASETS, "treasury_rates"])
        await put_market(connection, listed)
        await connection.execute(
            "INSERT INTO fmp_treasury_rate (date, year1, raw_json, run_id, content_hash) VALUES (now(), 4, '{}', $1, '')",
            listed,
        )
        for fund in range(funds):
            await put_fund(connection, run, str(fund), name=name, cifsc_type="Canadian Equity")
            await put_quote(connection, run, str(fund), FIRST_DAY, "1")
            await put_data(connection, run, "FundDistribution", str(fund), "d", date=FIRST_DAY, total_distribution="0")
            await put_data(connection, run, "FundLoads", str(fund), "l", fund_serv_code="ABC100")
            await put_data(
                connection,
                run,
                "FundYearlyPerformance",
                str(fund),
                "y",
                year=1,
                month_end_date=FIRST_DAY,
                compound_return="1",
            )
            await put_data(
                connection,
                run,
                "FundPerformanceSummary",
                str(fund),
                "s",
                month_end_date=FIRST_DAY,
                one_month_return="1",
            )
