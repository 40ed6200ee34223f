"""Lists whose delivered and stored forms differ: peers, movers, weights, members of indices."""

from __future__ import annotations

from decimal import Decimal

from sra_shared.kit.db import Pool
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
    sandbox_database: str, pool: Pool, larger_stand_in: StandIn
) -> None:
    await run_weekly(sandbox_database, larger_stand_in, "peers")
    await pool.execute(
        "INSERT INTO fmp_peer (symbol, peer_symbol, place, raw_json, run_id, content_hash)"
        " SELECT symbol, 'GONE', 10, '{}', run_id, 'x' FROM (SELECT * FROM fmp_peer ORDER BY symbol LIMIT 1) one"
    )
    await run_weekly(sandbox_database, larger_stand_in, "peers")
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


async def test_movers_have_the_last_completed_session(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_fmp(sandbox_database, make_settings(stand_in.fmp_base_url), "movers", "index_prices")
    days = await pool.fetch("SELECT DISTINCT session_date, direction FROM fmp_mover ORDER BY 2")
    last = await pool.fetchval("SELECT max(session_date) FROM market_session WHERE close_at <= now()")
    assert [(row["session_date"], row["direction"]) for row in days] == [(last, "gainers"), (last, "losers")]
    known = {row["symbol"] for row in await pool.fetch("SELECT DISTINCT symbol FROM fmp_index_price")}
    assert {"^GSPC", "^DJI", "^IXIC", "^GSPTSE", "XLK"} <= known


async def pretend_entries(pool: Pool, table: str, column: str, names: list[str]) -> None:
    """Add one entry to each list, once per name, that the vendor no longer delivers."""
    await pool.execute(
        f"INSERT INTO {table} (symbol, {column}, raw_json, run_id, content_hash)"  # noqa: S608
        " SELECT s, 'GONE' || n, '{}', gen_random_uuid(), 'x' FROM unnest($1::text[]) WITH ORDINALITY AS given (s, n)",
        names,
    )


async def list_etfs(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT symbol, count(*) FROM fmp_etf_country GROUP BY symbol ORDER BY 2 DESC, 1")
    return [row["symbol"] for row in rows]


async def count_closed(pool: Pool, table: str = "fmp_etf_country") -> int:
    return int(await pool.fetchval(f"SELECT count(*) FROM {table} WHERE valid_to IS NOT NULL"))  # noqa: S608


async def test_a_dataset_that_shrinks_by_more_than_the_limit_is_held_as_a_whole(
    sandbox_database: str, pool: Pool, stand_in: StandIn
) -> None:
    await run_weekly(sandbox_database, stand_in, "etf_countries")
    etfs = await list_etfs(pool)
    await pretend_entries(pool, "fmp_etf_country", "country", etfs)
    held = await run_weekly(sandbox_database, stand_in, "etf_countries")
    assert held.task.status == "held"
    assert f"{len(etfs)} of " in str(held.units["etf_countries"].error)
    assert await count_closed(pool) == 0
    settings = make_settings(stand_in.fmp_base_url)
    released = await run_fmp(
        sandbox_database, settings, "etf_countries", task_type=TaskType.WEEKLY_FUNDAMENTALS, released=True
    )
    assert released.task.status == "completed"
    assert await count_closed(pool) == len(etfs)
    assert await pool.fetchval("SELECT count(*) FROM fmp_vanished_entry") == 0


async def test_a_single_list_is_held_only_below_half(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_weekly(sandbox_database, stand_in, "etf_countries")
    etfs = await list_etfs(pool)
    entries = {row[0]: row[1] for row in await pool.fetch("SELECT symbol, count(*) FROM fmp_etf_country GROUP BY 1")}
    halved, cut = etfs[0], etfs[1]
    await pretend_entries(pool, "fmp_etf_country", "country", [halved] * entries[halved])
    await pretend_entries(pool, "fmp_etf_country", "country", [cut] * (entries[cut] + 1))
    settings = make_settings(stand_in.fmp_base_url, drop_limit=Decimal("0.9"))
    held = await run_fmp(sandbox_database, settings, "etf_countries", task_type=TaskType.WEEKLY_FUNDAMENTALS)
    assert held.task.status == "held"
    assert str(held.units["etf_countries"].error).startswith(f"etf_countries: {cut} shrank by more")
    assert await count_closed(pool) == entries[halved]
    counts = held.counts("etf_countries")
    assert counts["read"] == sum(entries.values()) - entries[cut]


async def test_one_member_of_an_index_may_change(sandbox_database: str, pool: Pool, stand_in: StandIn) -> None:
    await run_weekly(sandbox_database, stand_in, "constituents")
    await pool.execute(
        "INSERT INTO fmp_constituent (index_name, symbol, raw_json, run_id, content_hash)"
        " VALUES ('dowjones', 'GONE', '{}', gen_random_uuid(), 'x')"
    )
    members = await pool.fetchval("SELECT count(*) FROM fmp_constituent")
    settings = make_settings(stand_in.fmp_base_url, drop_limit=Decimal(1) / (members - 1))
    ended = await run_fmp(sandbox_database, settings, "constituents", task_type=TaskType.WEEKLY_FUNDAMENTALS)
    assert ended.task.status == "completed", ended.task.error_details
    assert await count_closed(pool, "fmp_constituent") == 1
