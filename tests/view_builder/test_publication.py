"""Publication: incremental equals full, a failed check changes nothing, readers see one state at a time."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID, uuid4

import pytest
from pydantic import Field

from sra_contract.base import Col, ViewModel
from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.errors import ConfigError
from sra_testing.publication import build_all, build_one, dump_view, read_rows
from sra_testing.records import end_run, put_data, put_fund, put_price, put_profile, put_quote, put_run
from view_builder.apply import define_views
from view_builder.build import record_failure
from view_builder.checks import CheckFailedError
from view_builder.compile import CompiledView, compile_view
from view_builder.spec import Incremental, Mart, ViewSource, ViewSpec

DAY = date(2025, 9, 26)


async def change_something(connection: Connection, chance: random.Random, run: UUID, prices: UUID) -> None:
    """One of the things that a Fundata run, or one of FMP, does."""
    fund = str(chance.randint(1, 6))
    # around two ends of months
    day = DAY - timedelta(days=chance.choice([*range(9), *range(24, 34)]))
    state = chance.choice(["Active", "Active", "Active", "Deleted", None])
    source = chance.choice(["CSV", "API"])
    kind = chance.randint(0, 7)
    if kind <= 1:
        navps = chance.choice([f"{chance.uniform(1, 50):.8f}", f"{chance.uniform(1, 50):.4f}", "0", None])
        dataset = chance.choice(["FundDailyNAVPS", "Pricing"])
        split = chance.choice([None, None, "1", "2", "0.333333"])
        paid = chance.choice([None, None, Decimal(0), Decimal("0.25")])
        await put_quote(
            connection, run, fund, day, navps, dataset=dataset, record_state=state, data_source=source, change_date=day,
            split=split, total_distribution=paid,
        )  # fmt: skip
    elif kind == 2:
        currency = chance.choice(["CAD", "USD", None])
        language = chance.choice(["EN", "FR"])
        await put_fund(
            connection, run, fund, name=f"Fund {day}", currency=currency, language=language, record_state=state,
            data_source=source,
        )  # fmt: skip
    elif kind == 3:
        await put_data(
            connection, run, "FundTopHolding", fund, str(chance.randint(1, 4)), language="EN", date=day,
            security=f"Holding {day}", market_percent=f"{chance.uniform(0, 9):.4f}", record_state=state,
        )  # fmt: skip
    elif kind == 4:
        await put_data(
            connection, run, "FundDistribution", fund, str(chance.randint(1, 4)), date=day, record_state=state,
            total_distribution=chance.choice(["0.25", "0.25", "0.125", f"{chance.uniform(0, 1):.6f}"]),
        )  # fmt: skip
    elif kind == 5:
        month = chance.choice([date(2025, 8, 31), date(2025, 8, 29), DAY, date(2025, 9, 30), date(2025, 9, 10)])
        await put_data(
            connection, run, "FundPerformanceSummary", fund, str(chance.randint(1, 2)), month_end_date=month,
            one_month_return=chance.choice(["0", "2.5", "-10.125"]), record_state=state, change_date=day,
        )  # fmt: skip
    else:
        symbol = chance.choice("ABC")
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM equity_profile WHERE symbol = $1)", symbol):
            await put_profile(connection, prices, symbol)
        moment = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
        await put_price(connection, prices, symbol, moment, f"{chance.uniform(1, 90):.4f}")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 8))])
async def test_incremental_builds_equal_a_full_one(pool: Pool, views: tuple[CompiledView, ...], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - made-up changes
    vendors = {
        "fundata": [
            *("FundGeneral", "FundDailyNAVPS", "Pricing", "FundTopHolding", "FundDistribution"),
            "FundPerformanceSummary",
        ],
        "fmp": ["quote", "profile", "universe"],
    }
    await build_all(pool, views)
    for _ in range(6):
        async with pool.acquire() as connection:
            runs = [await put_run(connection, source, datasets) for source, datasets in vendors.items()]
            for _ in range(chance.randint(5, 25)):
                await change_something(connection, chance, runs[0], runs[1])
        builds = await build_all(pool, views, accept_drop=True)
        assert not any(built.full for built in builds.values())
    kept = [view.relation for view in views if view.spec.incremental is not None and view.relation != "run_contents"]
    incremental = {name: await dump_view(pool, name) for name in kept}
    rebuilt = await build_all(pool, views, full=True)
    assert {name: await dump_view(pool, name) for name in kept} == incremental
    assert {name: rebuilt[name].changed for name in kept} == dict.fromkeys(kept, 0)
    assert sum(len(rows) for rows in incremental.values()) > 10


async def test_only_changed_keys_are_computed_and_carry_their_run(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
        for fund in range(20):
            await put_fund(connection, first, str(fund))
            await put_quote(connection, first, str(fund), DAY, "10")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        second = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, second, "7", DAY + timedelta(days=1), "11")
        await put_quote(connection, second, "8", DAY, "10", dataset="Pricing")
    builds = await build_all(pool, views)
    assert (builds["latest_quote"].computed, builds["latest_quote"].changed) == (2, 1)
    assert builds["security_master"].computed == 0
    assert builds["daily_market_summary"].computed == 2
    rows = await read_rows(pool, "SELECT identifier, last_run_id FROM sra.latest_quote")
    assert {row["identifier"] for row in rows if row["last_run_id"] == second} == {"7"}
    days = await read_rows(pool, "SELECT date, last_run_id FROM sra.daily_market_summary ORDER BY date")
    assert days[1]["last_run_id"] == second


async def test_a_listing_that_the_universe_no_longer_names_becomes_inactive(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        first = await put_run(connection, "fmp", ["universe", "profile"])
        await put_profile(connection, first, "ABC")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        second = await put_run(connection, "fmp", ["universe"], status="running")
        await connection.execute(
            "UPDATE task_execution_log SET started_at = clock_timestamp() WHERE task_id = $1", second
        )
        await connection.execute("UPDATE fmp_universe SET valid_to = now(), updated_at = now()")
        await end_run(connection, second)
    await build_all(pool, views)
    for view in ("security_master", "equity_page"):
        (row,) = await read_rows(pool, f"SELECT is_active, last_run_id FROM sra.{view}")  # noqa: S608
        assert (row["is_active"], row["last_run_id"]) == (False, second)


async def test_live_runs_do_not_count_as_finished(pool: Pool, view_by_name: dict[str, CompiledView]) -> None:
    async with pool.acquire() as connection:
        await put_run(connection, "fundata", ["FundGeneral"], status="running")
        cancelled = await put_run(connection, "fundata", ["FundGeneral"], status="cancelled")
        await put_run(connection, "fundata", ["FundTopHolding"])
    built = await build_one(pool, view_by_name["security_master"])
    assert built.runs == (cancelled,)
    assert (await build_one(pool, view_by_name["security_master"])).runs == ()


async def test_views_exist_empty_but_typed_before_the_first_build(
    undefined_pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    assert sorted(await define_views(undefined_pool, views)) == sorted(view.relation for view in views)
    assert await define_views(undefined_pool, views) == []
    for view in views:
        async with undefined_pool.acquire() as connection:
            statement = await connection.prepare(f"SELECT * FROM {view.name}")  # noqa: S608
            assert [a.name for a in statement.get_attributes()] == [column.name for column in view.columns]


async def test_comments_report_unit_and_build(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    build_id = uuid4()
    await build_all(pool, views, build_id=build_id)
    for view in views:
        (row,) = await read_rows(pool, "SELECT obj_description($1::regclass) AS comment", view.name)
        assert row["comment"].startswith(view.description[:40])
        assert str(build_id) in row["comment"]
    columns = await read_rows(
        pool,
        "SELECT count(*) AS n FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace ="
        " 'sra'::regnamespace AND relkind = 'v') AND attnum > 0 AND col_description(attrelid, attnum) IS NULL",
    )
    assert columns == [{"n": 0}]


# ---- a small view for this test, to change and to break


def make_thing(
    *, version: int = 1, query: str = "SELECT t.id, t.name, now() AS as_of FROM affected_keys s JOIN thing t USING (id)",
    extra: bool = False, renamed: bool = False,
) -> CompiledView:  # fmt: skip
    """A view over a table `thing`, in several forms."""

    class Thing(ViewModel):
        """A thing."""

        id: int = Field(description="Key.")
        name: str = Field(description="Name.")
        as_of: datetime = Field(description="When.")
        last_run_id: UUID = Field(description="Run.")
        view_name: ClassVar[str] = "thing"
        view_version: ClassVar[int] = version
        spec: ClassVar[ViewSpec] = ViewSpec(
            key=("id",),
            query=query,
            sources=(ViewSource("thing", "fmp"),),
            incremental=Incremental(
                partition=("id",),
                all_keys="SELECT id FROM thing",
                affected_keys="SELECT id, run_id FROM thing WHERE run_id = ANY($1::uuid[])",
            ),
        )

    if extra:

        class Wider(Thing):
            """A thing."""

            price: Annotated[Decimal | None, Col("CAD")] = Field(description="Price.")

        return compile_view(Mart(Wider, Wider.spec))
    if renamed:

        class Renamed(ViewModel):
            """A thing."""

            id: int = Field(description="Key.")
            title: str = Field(description="Name.")
            as_of: datetime = Field(description="When.")
            last_run_id: UUID = Field(description="Run.")
            view_name: ClassVar[str] = "thing"
            view_version: ClassVar[int] = version
            spec: ClassVar[ViewSpec] = Thing.spec

        return compile_view(Mart(Renamed, Renamed.spec))
    return compile_view(Mart(Thing, Thing.spec))


WIDER = "SELECT t.id, t.name, now() AS as_of, t.price FROM affected_keys s JOIN thing t USING (id)"
RENAMED = "SELECT t.id, t.name AS title, now() AS as_of FROM affected_keys s JOIN thing t USING (id)"


@pytest.fixture
async def things(pool: Pool) -> CompiledView:
    """The small view, built over 200 things."""
    async with pool.acquire() as connection:
        await connection.execute("CREATE TABLE thing (id bigint, name text, price numeric, run_id uuid)")
        await connection.execute("INSERT INTO thing SELECT n, 'thing ' || n, n FROM generate_series(1, 200) n")
    view = make_thing()
    await define_views(pool, [view])
    await build_one(pool, view)
    return view


async def read_things(pool: Pool) -> tuple[int, str]:
    (row,) = await read_rows(pool, "SELECT count(*) AS n, min(name) AS least FROM sra.thing")
    return row["n"], row["least"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("INSERT INTO thing VALUES (7, 'again')", "the key is not unique"),
        ("UPDATE thing SET name = NULL WHERE id = 9", "name in 1 rows"),
        ("DELETE FROM thing WHERE id > 120", "80 of 200 rows would disappear"),
    ],
)
async def test_a_failed_check_leaves_the_view_as_it_was(
    pool: Pool, things: CompiledView, damage: str, reason: str
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(damage)
    with pytest.raises(CheckFailedError, match=reason) as failure:
        await build_one(pool, things, full=True)
    assert await read_things(pool) == (200, "thing 1")
    async with pool.acquire() as connection:
        await record_failure(connection, things, str(failure.value))
        state = await connection.fetchrow("SELECT * FROM published_view WHERE relation = 'thing'")
    assert state is not None
    assert (state["builds"], state["row_count"]) == (1, 200)
    assert reason in state["error"]


async def test_a_drop_can_be_accepted(pool: Pool, things: CompiledView) -> None:
    async with pool.acquire() as connection:
        await connection.execute("DELETE FROM thing WHERE id > 120")
    await build_one(pool, things, full=True, accept_drop=True)
    assert await read_things(pool) == (120, "thing 1")


async def test_a_row_that_does_not_fit_the_model_fails(pool: Pool, things: CompiledView) -> None:
    class Strict(ViewModel):
        """A thing."""

        id: int = Field(description="Key.", lt=100)
        name: str = Field(description="Name.")
        as_of: datetime = Field(description="When.")
        last_run_id: UUID = Field(description="Run.")
        view_name: ClassVar[str] = "thing"
        spec: ClassVar[ViewSpec] = things.spec

    async with pool.acquire() as connection:
        await connection.execute("UPDATE thing SET id = id + 1000")
    with pytest.raises(CheckFailedError, match="does not fit the model at id"):
        await build_one(pool, compile_view(Mart(Strict, Strict.spec)), full=True, accept_drop=True)


async def test_a_breaking_change_needs_a_second_version(pool: Pool, things: CompiledView) -> None:
    with pytest.raises(ConfigError, match=r"column name is gone.*view_version = 2"):
        await build_one(pool, make_thing(query=RENAMED, renamed=True))
    second = make_thing(query=RENAMED, renamed=True, version=2)
    await define_views(pool, [second])
    await build_one(pool, second)
    assert await read_things(pool) == (200, "thing 1")
    assert len(await read_rows(pool, "SELECT title FROM sra.thing_v2")) == 200


async def test_a_new_column_is_published_with_its_values(pool: Pool, things: CompiledView) -> None:
    await build_one(pool, make_thing(query=WIDER, extra=True))
    (row,) = await read_rows(pool, "SELECT count(price) AS n, sum(price) AS total FROM sra.thing")
    assert (row["n"], row["total"]) == (200, Decimal(20100))


async def test_a_changed_query_is_built_in_full(pool: Pool, things: CompiledView) -> None:
    changed = make_thing(
        query="SELECT t.id, upper(t.name) AS name, now() AS as_of FROM affected_keys s JOIN thing t USING (id)"
    )
    assert (await build_one(pool, changed)).full
    assert await read_things(pool) == (200, "THING 1")


async def test_concurrent_builds_of_one_view_wait_for_each_other(pool: Pool, things: CompiledView) -> None:
    async with pool.acquire() as connection:
        await connection.execute("UPDATE thing SET name = 'new ' || id")
    built = await asyncio.gather(*(build_one(pool, things, full=True) for _ in range(4)))
    assert sorted(one.changed for one in built)[-1] == 200
    assert (await read_things(pool))[1].startswith("new")


async def test_a_new_definition_and_readers_do_not_block_each_other(pool: Pool, things: CompiledView) -> None:
    async with pool.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM sra.thing LIMIT 1")
        # rows only: nothing of this needs a lock that a reader holds
        async with pool.acquire() as connection:
            await connection.execute("UPDATE thing SET name = 'new ' || id")
        await asyncio.wait_for(build_one(pool, things, full=True), 10)
        assert (await read_things(pool))[1].startswith("new")
