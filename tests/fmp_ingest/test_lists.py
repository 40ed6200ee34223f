"""Lists that come in other shapes than they are kept: peers, movers, weights, members of indices."""

from __future__ import annotations

from decimal import Decimal

from sra_shared.db import Pool
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.fmp_runs import Ended, make_settings, run_fmp


async def run_weekly(dsn: str, stand_in: StandIn, *names: str) -> Ended:
    settings = make_settings(stand_in.fmp_base_url)
    return await run_fmp(dsn, settings, *names, task_type=TaskType.WEEKLY_FUNDAMENTALS)


async def test_peers_and_scores_are_the_same_from_bulk_and_one_by_one(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    bulk = await run_weekly(sandbox_database, stand_in, "peers", "scores")
    stand_in.set_fmp(plan="premium")
    single = await run_weekly(sandbox_database, stand_in, "peers", "scores")
    for name in ("peers", "scores"):
        counts = single.counts(name)
        assert (counts["stored"], counts["unchanged"]) == (0, bulk.counts(name)["stored"])
    places = await pool.fetch("SELECT place FROM fmp_peer WHERE symbol = (SELECT min(symbol) FROM fmp_peer) ORDER BY 1")
    assert [row["place"] for row in places] == list(range(1, len(places) + 1))


async def test_a_bulk_list_closes_what_a_symbol_no_longer_names(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await run_weekly(sandbox_database, stand_in, "peers")
    await pool.execute(
        "INSERT INTO fmp_peer (symbol, peer_symbol, place, raw_json, run_id, content_hash)"
        " SELECT symbol, 'GONE', 10, '{}', run_id, 'x' FROM (SELECT * FROM fmp_peer ORDER BY symbol LIMIT 1) one"
    )
    await run_weekly(sandbox_database, stand_in, "peers")
    closed = await pool.fetch("SELECT peer_symbol FROM fmp_peer WHERE valid_to IS NOT NULL")
    assert [row["peer_symbol"] for row in closed] == ["GONE"]


async def test_weights_are_numbers_whatever_their_form(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_weekly(sandbox_database, stand_in, "etf_countries", "etf_sectors", "constituents")
    row = await pool.fetchrow(
        "SELECT weight_percentage, raw_json->>'weightPercentage' AS said FROM fmp_etf_country WHERE weight_percentage > 0"
    )
    assert row is not None
    assert row["weight_percentage"] == Decimal(row["said"].removesuffix("%"))
    indices = await pool.fetch("SELECT DISTINCT index_name FROM fmp_constituent ORDER BY 1")
    assert [row["index_name"] for row in indices] == ["dowjones", "nasdaq", "sp500"]


async def test_movers_bear_the_last_completed_session(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "movers", "index_prices")
    days = await pool.fetch("SELECT DISTINCT session_date, direction FROM fmp_mover ORDER BY 2")
    last = await pool.fetchval("SELECT max(session_date) FROM market_session WHERE close_at <= now()")
    assert [(row["session_date"], row["direction"]) for row in days] == [(last, "gainers"), (last, "losers")]
    known = {row["symbol"] for row in await pool.fetch("SELECT DISTINCT symbol FROM fmp_index_price")}
    assert {"^GSPC", "^DJI", "^IXIC", "^GSPTSE", "XLK"} <= known
