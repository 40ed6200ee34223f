"""The lake in a folder: every value of every view, the files of the next build, the content of former builds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sra_shared.kit.db import Pool
from sra_shared.kit.settings import LakeSettings
from sra_testing.lake import (
    find_differences,
    list_data_files,
    list_locations,
    open_table,
    publish,
    read_lake,
    try_publishing,
)
from sra_testing.listings import put_market
from sra_testing.publication import build_all, build_one
from sra_testing.records import put_fund, put_quote, put_run
from view_builder.compile import CompiledView
from view_builder.lake.inprocess import check_in_process, clean_in_process, name_build

DAY = date(2025, 9, 26)


@pytest.fixture
def lake(tmp_path: Path) -> LakeSettings:
    """A lake in a folder that does not exist yet."""
    return LakeSettings.model_construct(lake_url=str(tmp_path / "lake"))


@pytest.fixture
async def series(pool: Pool, view_by_name: Mapping[str, CompiledView]) -> CompiledView:
    """The history of three funds over two years, published once."""
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        for fund in ("1", "2", "3"):
            await put_fund(connection, run, fund)
            for year in (2024, 2025):
                await put_quote(connection, run, fund, DAY.replace(year=year), f"10.{fund}")
    await build_one(pool, view_by_name["security_master"])
    view = view_by_name["fund_quote_history"]
    await build_one(pool, view)
    return view


async def add_quotes(pool: Pool, view: CompiledView, quotes: Mapping[tuple[str, date], str]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        for (fund, day), navps in quotes.items():
            await put_quote(connection, run, fund, day, navps)
    await build_one(pool, view)


async def test_every_value_of_every_view_is_there_to_the_last_digit(
    pool: Pool, database: str, views: tuple[CompiledView, ...], lake: LakeSettings
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        await put_fund(connection, run, "1")
        for day, navps in ((24, "10.123456789012345678901234"), (25, "3"), (26, "7.000000000000000000000")):
            await put_quote(connection, run, "1", DAY.replace(day=day), navps)
        await put_market(connection, await put_run(connection, "fmp", ["eod_prices"]))
    await build_all(pool, views)
    build = await publish(database, lake)
    assert await find_differences(pool, build, views) == []
    rows = await read_lake(pool, build, "fund_quote_history")
    (first,) = [row for row in rows if row["date"].day == 24]
    assert first["navps"] == Decimal("10.123456789012345679")
    number, checked = await check_in_process(database, lake, None)
    assert number == build
    assert [
        (table.relation, table.problems) for table in checked.tables if table.problems or not table.is_compared
    ] == []
    assert len(checked.tables) > 15


@pytest.mark.lake
async def test_a_new_day_adds_files_and_the_former_build_keeps_its_rows(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    first = await publish(database, lake)
    await add_quotes(pool, series, {("1", DAY.replace(day=27)): "11", ("2", DAY.replace(day=27)): "12"})
    second = await publish(database, lake)
    places = [(await list_locations(pool, build))[series.relation] for build in (first, second)]
    before, after = (list_data_files(open_table(place)) for place in places)
    assert before < after
    assert len(after - before) == 2
    assert len(await read_lake(pool, first, series.relation)) == 6
    assert await find_differences(pool, second, [series]) == []


async def test_a_correction_replaces_the_partition_of_its_year_and_key(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    first = await publish(database, lake)
    await add_quotes(pool, series, {("1", DAY): "99"})
    second = await publish(database, lake)
    places = [(await list_locations(pool, build))[series.relation] for build in (first, second)]
    before, after = (list_data_files(open_table(place)) for place in places)
    assert (len(before - after), len(after - before)) == (1, 1)
    assert await find_differences(pool, second, [series]) == []
    (former,) = [
        row for row in await read_lake(pool, first, series.relation) if (row["identifier"], row["date"]) == ("1", DAY)
    ]
    assert former["navps"] == Decimal("10.1")


@pytest.mark.lake
async def test_a_day_that_is_withdrawn_leaves_the_next_build(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    first = await publish(database, lake)
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, run, "2", DAY, "10.2", record_state="Deleted")
    await build_one(pool, series)
    second = await publish(database, lake)
    days = [[row["date"].year for row in await read_lake(pool, build, series.relation)] for build in (first, second)]
    assert (days[0].count(2025), days[1].count(2025)) == (3, 2)
    assert await find_differences(pool, second, [series]) == []


@pytest.mark.lake
async def test_a_record_of_changes_with_a_gap_is_not_relied_upon(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    await publish(database, lake)
    await add_quotes(pool, series, {("1", DAY.replace(day=27)): "11"})
    # as if a service without a lake had ended the record, and another one had begun it again
    await pool.execute("DELETE FROM lake_change")
    await pool.execute("UPDATE lake_series SET recorded_since = clock_timestamp()")
    assert await find_differences(pool, await publish(database, lake), [series]) == []


@pytest.mark.lake
async def test_a_rebuild_and_a_full_publication_rewrite_everything(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    builds = [await publish(database, lake)]
    await build_one(pool, series, full=True)
    builds += [await publish(database, lake), await publish(database, lake, full=True)]
    files = [list_data_files(open_table((await list_locations(pool, build))[series.relation])) for build in builds]
    assert not files[0] & files[1]
    assert not files[1] & files[2]
    assert await find_differences(pool, builds[-1], [series]) == []


@pytest.mark.lake
async def test_what_did_not_change_keeps_its_pointer(
    pool: Pool, database: str, series: CompiledView, view_by_name: Mapping[str, CompiledView], lake: LakeSettings
) -> None:
    first = await publish(database, lake)
    # built again, with the same rows
    await build_one(pool, view_by_name["security_master"], full=True)
    second = await publish(database, lake)
    assert await list_locations(pool, first) == await list_locations(pool, second)


@pytest.mark.lake
async def test_files_of_many_small_days_are_combined(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    for day in range(1, 11):
        await add_quotes(pool, series, {("1", date(2025, 10, day)): "11"})
        build = await publish(database, lake)
    table = open_table((await list_locations(pool, build))[series.relation])
    assert len(list_data_files(table)) < 10 + 2
    assert await find_differences(pool, build, [series]) == []


@pytest.mark.lake
async def test_a_value_too_large_for_a_decimal_is_named_and_the_next_build_continues(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    build = await publish(database, lake)
    change = "UPDATE published.fund_quote_history SET navps = $1 WHERE identifier = '3' AND date = $2"
    await pool.execute(change, Decimal(10) ** 21, DAY)
    failed = await try_publishing(database, lake, full=True)
    assert (failed.build, failed.task.status) == (None, "failed")
    assert f"fund_quote_history, identifier 3, date {DAY}: navps has more digits" in str(failed.task.error_details)
    await pool.execute(change, Decimal(10), DAY)
    assert await publish(database, lake, full=True) == build + 1


async def test_another_database_is_refused(pool: Pool, database: str, series: CompiledView, lake: LakeSettings) -> None:
    await publish(database, lake)
    await pool.execute("UPDATE lake_root SET lake_id = gen_random_uuid()")
    refused = await try_publishing(database, lake)
    assert "belongs to another database" in str(refused.task.error_details)
    await pool.execute("DELETE FROM lake_root")
    refused = await try_publishing(database, lake)
    assert "belongs to another database" in str(refused.task.error_details)


@pytest.mark.lake
async def test_a_sandbox_and_real_data_share_no_lake(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    await publish(database, lake)
    await pool.execute("UPDATE database_mark SET sandbox = true")
    refused = await try_publishing(database, lake)
    assert "belongs to a database with real data" in str(refused.task.error_details)


@pytest.mark.lake
async def test_cleaning_keeps_named_builds_and_everything_that_kept_builds_need(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    settings = lake.model_copy(update={"lake_keep_builds": 2})
    builds = []
    for day in range(1, 6):
        await add_quotes(pool, series, {("1", DAY.replace(day=day)): f"1{day}"})
        builds.append(await publish(database, settings))
    await name_build(database, builds[0], "report")
    root = Path(settings.lake_url or "")
    orphan = root / "fund_quote_history" / "orphan.parquet"
    orphan.write_bytes(b"left by a killed publisher")
    await pool.execute("UPDATE lake_build SET published_at = published_at - interval '2 days'")
    before = sum(path.is_file() for path in root.rglob("*"))
    # files are younger than the grace
    assert (await clean_in_process(database, settings, is_dry=False)).files == 0
    assert sum(path.is_file() for path in root.rglob("*")) == before
    kept = [row["build_id"] for row in await pool.fetch("SELECT build_id FROM lake_build ORDER BY build_id")]
    assert kept == [builds[0], *builds[-2:]]
    settings = settings.model_copy(update={"lake_grace_hours": 0})
    dry = await clean_in_process(database, settings, is_dry=True)
    assert orphan.exists()
    done = await clean_in_process(database, settings, is_dry=False)
    assert (dry.files, dry.size) == (done.files, done.size)
    assert done.files > 1
    assert not orphan.exists()
    sizes = [len(await read_lake(pool, build, series.relation)) for build in kept]
    assert sizes == [7, 10, 11]
    for build in kept:
        _, checked = await check_in_process(database, settings, build)
        assert not any(table.problems for table in checked.tables)


@pytest.mark.lake
async def test_publishers_at_once_lose_nothing(
    pool: Pool, database: str, series: CompiledView, lake: LakeSettings
) -> None:
    await publish(database, lake)
    await add_quotes(pool, series, {("1", DAY.replace(day=27)): "11"})
    # equal requests are one run
    results = await asyncio.gather(*(try_publishing(database, lake, full=full) for full in (False, True, False)))
    runs = {result.task.task_id: result.build for result in results}
    assert len(runs) == 2
    numbers = [build.build_id for build in runs.values() if build is not None]
    assert len(set(numbers)) == 2
    newest = await pool.fetchval("SELECT max(build_id) FROM lake_build")
    assert await find_differences(pool, newest, [series]) == []
    assert await pool.fetchval("SELECT count(*) FROM lake_change") == 0
