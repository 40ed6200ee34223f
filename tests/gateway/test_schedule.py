"""Slots by the wall clock: clock changes, exactly once among gateways, missed slots, pausing."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.refresh.schedule import DAILY, WEEKLY, Schedule, Scheduler
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError
from sra_testing.examples import examples

TORONTO = ZoneInfo("America/Toronto")
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
TEN_YEARS = timedelta(days=3653)


def make_scheduler() -> Scheduler:
    return Scheduler([Schedule(DAILY, "0 2 * * *", "UTC"), Schedule(WEEKLY, "0 2 * * 0", "UTC")])


# the clocks change in the first hours of a day
@examples(20)
@given(hour=st.one_of(st.integers(0, 3), st.integers(0, 23)), minute=st.integers(0, 59))
def test_ten_years_have_one_slot_a_day_at_any_time(hour: int, minute: int) -> None:
    schedule = Schedule(DAILY, f"{minute} {hour} * * *", "America/Toronto")
    start = FIRST.astimezone(TORONTO).replace(hour=0, minute=0)
    slots = schedule.list_slots(start - timedelta(seconds=1), start + TEN_YEARS)
    days = [slot.astimezone(TORONTO).date() for slot in slots]
    assert days == sorted(set(days)), "a day had two slots"
    assert (days[-1] - days[0]).days + 1 == len(days), "a day had none"
    for slot in slots:
        local = slot.astimezone(TORONTO)
        late = timedelta(hours=local.hour - hour, minutes=local.minute - minute)
        # where the clock skips the time, the slot comes an hour later by the new clock
        assert late in (timedelta(0), timedelta(hours=1))
        assert local.fold == 0, "the second of two equal times was taken"


@examples(100)
@given(
    offset=st.integers(0, int(TEN_YEARS.total_seconds())),
    step=st.integers(60, 5 * 86_400),
    cron=st.sampled_from(["30 2 * * *", "30 1 * * *", "0 2 * * 0", "*/30 * * * *", "15 2,3 * * *"]),
)
def test_polling_at_any_interval_fires_every_slot_once(offset: int, step: int, cron: str) -> None:
    schedule = Schedule(DAILY, cron, "America/Toronto")
    start = FIRST + timedelta(seconds=offset)
    times = [start + timedelta(seconds=step * index) for index in range(12)]
    met = [slot for a, b in itertools.pairwise(times) for slot in schedule.list_slots(a, b)]
    assert met == schedule.list_slots(times[0], times[-1])
    assert len(met) == len(set(met))
    last = schedule.find_last(times[-1])
    assert last is not None
    assert not met or met[-1] == last
    following = schedule.find_next(times[-1])[0]
    assert following > times[-1]
    assert schedule.find_last(following) == following


def test_spring_and_autumn_in_toronto() -> None:
    schedule = Schedule(DAILY, "0 2 * * *", "America/Toronto")
    # 8 March 2026: 02:00 does not exist; 1 November 2026: 01:30 comes twice
    spring = schedule.list_slots(datetime(2026, 3, 8, 1, tzinfo=TORONTO), datetime(2026, 3, 8, 23, tzinfo=TORONTO))
    assert spring == [datetime(2026, 3, 8, 7, tzinfo=UTC)]
    half = Schedule(DAILY, "30 1 * * *", "America/Toronto")
    autumn = half.list_slots(datetime(2026, 11, 1, 0, tzinfo=TORONTO), datetime(2026, 11, 1, 23, tzinfo=TORONTO))
    assert autumn == [datetime(2026, 11, 1, 5, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    "cron",
    [
        *("", "every day", "61 2 * * *", "0 2 * *", "0 0 2 * * *"),
        # times that never occur, and times that cannot be predicted
        *("0 0 30 2 *", "0 0 31 4,6 *", "R R * * *", "0 r(1-5) * * *", "H 2 * * *"),
    ],
)
def test_bad_expression_names_its_variable(cron: str) -> None:
    with pytest.raises(ConfigError, match="REFRESH_CRON"):
        Schedule(DAILY, cron, "UTC")
    with pytest.raises(ConfigError, match="WEEKLY_CRON"):
        Schedule(WEEKLY, cron, "UTC")


@pytest.mark.parametrize("cron", ["0 2 * * FRI", "0 2 * MAR,APR THU", "0 0 29 2 *", "0 2 L * *"])
def test_names_and_rare_days_are_understood(cron: str) -> None:
    assert Schedule(DAILY, cron, "UTC").find_next(FIRST)


async def start_at(pool: Pool, created: datetime) -> None:
    await pool.executemany(
        "INSERT INTO schedule_state (schedule, created_at) VALUES ($1, $2)", [(DAILY, created), (WEEKLY, created)]
    )


async def count_refreshes(pool: Pool) -> int:
    found: int = await pool.fetchval("SELECT count(*) FROM task_execution_log WHERE task_type = 'unified_refresh'")
    return found


async def end_refreshes(pool: Pool) -> None:
    await pool.execute("UPDATE task_execution_log SET status = 'completed', completed_at = now()")


async def test_gateways_that_overlap_fire_a_slot_once(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 1, tzinfo=UTC))
    now = datetime(2026, 1, 6, 2, 0, 1, tzinfo=UTC)
    fired = await asyncio.gather(*(make_scheduler().fire_due(pool, now=now) for _ in range(12)))
    assert sum(one is not None for one in fired) == 1
    assert await count_refreshes(pool) == 1
    await end_refreshes(pool)
    assert await make_scheduler().fire_due(pool, now=now + timedelta(hours=5)) is None
    row = await pool.fetchrow("SELECT slot, task_id FROM schedule_slot WHERE schedule = 'daily'")
    assert row is not None
    assert row["slot"] == datetime(2026, 1, 6, 2, tzinfo=UTC)
    assert row["task_id"] is not None


async def test_the_weekly_slot_joins_the_daily_one(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 3, 12, tzinfo=UTC))
    fired = await make_scheduler().fire_due(pool, now=datetime(2026, 1, 4, 2, 1, tzinfo=UTC))
    assert fired is not None
    assert set(fired.slots) == {DAILY, WEEKLY}
    assert await count_refreshes(pool) == 1
    assert (await pool.fetchval("SELECT parameters FROM task_execution_log"))["weekly"] is True


async def test_only_the_last_missed_slot_is_caught_up(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 5, 12, tzinfo=UTC))
    scheduler = make_scheduler()
    fired = await scheduler.fire_due(pool, now=datetime(2026, 1, 9, 11, tzinfo=UTC))
    assert fired is not None
    assert fired.slots == {DAILY: datetime(2026, 1, 9, 2, tzinfo=UTC)}
    await end_refreshes(pool)
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 9, 12, tzinfo=UTC)) is None


async def test_no_slot_from_before_the_schedule_began(pool: Pool) -> None:
    assert await make_scheduler().fire_due(pool) is None
    assert await count_refreshes(pool) == 0


async def test_a_slot_waits_for_the_running_refresh(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 5, tzinfo=UTC))
    scheduler = make_scheduler()
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 5, 3, tzinfo=UTC)) is not None
    later = datetime(2026, 1, 6, 3, tzinfo=UTC)
    assert await scheduler.fire_due(pool, now=later) is None
    await end_refreshes(pool)
    fired = await scheduler.fire_due(pool, now=later)
    assert fired is not None
    assert fired.slots == {DAILY: datetime(2026, 1, 6, 2, tzinfo=UTC)}


async def test_paused_slots_are_not_caught_up(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 5, tzinfo=UTC))
    scheduler = make_scheduler()
    async with pool.acquire() as connection:
        await scheduler.set_paused(connection, paused=True)
    fired = await scheduler.fire_due(pool, now=datetime(2026, 1, 6, 3, tzinfo=UTC))
    assert fired is not None
    assert fired.task_id is None
    assert scheduler.describe(datetime(2026, 1, 6, 3, tzinfo=UTC))[0]["paused_since"] is not None
    async with pool.acquire() as connection:
        await scheduler.set_paused(connection, paused=False)
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 6, 4, tzinfo=UTC)) is None
    assert await count_refreshes(pool) == 0
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 7, 3, tzinfo=UTC)) is not None


async def test_a_failed_request_frees_the_slot(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 5, tzinfo=UTC))
    now = datetime(2026, 1, 6, 3, tzinfo=UTC)
    await pool.execute("ALTER TABLE run_unit RENAME TO elsewhere")
    with pytest.raises(Exception, match="run_unit"):
        await make_scheduler().fire_due(pool, now=now)
    await pool.execute("ALTER TABLE elsewhere RENAME TO run_unit")
    assert await pool.fetchval("SELECT count(*) FROM schedule_slot") == 0
    assert await make_scheduler().fire_due(pool, now=now) is not None


async def test_a_clock_that_jumped_ahead_and_back_skips_no_slot(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 5, 12, tzinfo=UTC))
    scheduler = make_scheduler()
    ahead = await scheduler.fire_due(pool, now=datetime(2026, 1, 9, 3, tzinfo=UTC))
    assert ahead is not None
    assert ahead.slots == {DAILY: datetime(2026, 1, 9, 2, tzinfo=UTC)}
    await end_refreshes(pool)
    # set right again: the days in between have their refreshes
    for day in (6, 7, 8):
        fired = await scheduler.fire_due(pool, now=datetime(2026, 1, day, 3, tzinfo=UTC))
        assert fired is not None
        assert fired.slots == {DAILY: datetime(2026, 1, day, 2, tzinfo=UTC)}
        await end_refreshes(pool)
    # and no slot fires twice
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 9, 3, tzinfo=UTC)) is None
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 10, 3, tzinfo=UTC)) is not None


async def test_a_clock_set_back_by_seconds_fires_no_slot_again(pool: Pool) -> None:
    await start_at(pool, datetime(2026, 1, 5, 12, tzinfo=UTC))
    scheduler = make_scheduler()
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 6, 2, 0, 1, tzinfo=UTC)) is not None
    await end_refreshes(pool)
    for second in (58, 59, 60, 61, 62):
        now = datetime(2026, 1, 6, 1, 59, tzinfo=UTC) + timedelta(seconds=second)
        assert await scheduler.fire_due(pool, now=now) is None
    assert await count_refreshes(pool) == 1


async def test_a_schedule_made_while_the_clock_stood_ahead_begins_at_once(pool: Pool) -> None:
    await start_at(pool, datetime(2030, 1, 1, tzinfo=UTC))
    scheduler = make_scheduler()
    assert await scheduler.fire_due(pool, now=datetime(2026, 1, 6, 1, tzinfo=UTC)) is None
    fired = await scheduler.fire_due(pool, now=datetime(2026, 1, 6, 3, tzinfo=UTC))
    assert fired is not None
    assert fired.slots == {DAILY: datetime(2026, 1, 6, 2, tzinfo=UTC)}
