"""How late a dataset is: sessions of the market's calendar that closed long enough ago and are not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sra_shared.db import Pool
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_fund, put_quote, put_run
from view_builder.compile import CompiledView


async def test_the_lag_counts_sessions_that_should_be_there(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    now = datetime.now(UTC)
    days = [now - timedelta(days=n) for n in (5, 4, 3, 0)]
    async with pool.acquire() as connection:
        for moment in days:
            for exchange in ("TSX", "NYSE"):
                # the newest closes in an hour, and nobody can have its values yet
                close = now + timedelta(hours=1) if moment is days[-1] else moment
                await connection.execute(
                    "INSERT INTO market_session (exchange, session_date, close_at) VALUES ($1, $2, $3)",
                    exchange,
                    moment.date(),
                    close,
                )
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        await put_quote(connection, run, "1", days[0].date(), "1")
        await put_run(connection, "fmp", ["eod_prices"])
    await build_all(pool, views)
    rows = {row["dataset"]: row for row in await read_rows(pool, "SELECT * FROM sra.data_freshness")}
    navps, prices, general = rows["FundDailyNAVPS"], rows["eod_prices"], rows["FundGeneral"]
    assert (navps["newest_record"], navps["expected_record"]) == (days[0].date(), days[2].date())
    assert (navps["lag_sessions"], navps["is_late"]) == (2, True)
    # nothing is there at all: every session is missing
    assert (prices["newest_record"], prices["lag_sessions"], prices["is_late"]) == (None, 3, True)
    assert (general["lag_sessions"], general["is_late"]) == (None, None)
    assert rows["latest_quote"]["is_late"] is False
