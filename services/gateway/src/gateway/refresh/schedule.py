"""Slots of the schedule by wall clock in a time zone, and the loop that starts their refreshes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

from gateway.refresh.model import RefreshParameters, make_request
from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.errors import ConfigError, SraError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.settings import ScheduleSettings
from sra_shared.runs import TaskType, request_run
from sra_shared.runs.enqueueing import enqueue_run
from sra_shared.runs.slots import bind_slot, claim_slot

log = get_logger(__name__)

DAILY = "daily"
WEEKLY = "weekly"
TICK_SECONDS = 5.0
# no time zone has ever shifted its clocks by more
_MARGIN = timedelta(hours=26)
_LOOK_BACK = (timedelta(days=2), timedelta(days=40), timedelta(days=1500))
# R is random at every evaluation and H depends on a key, so gateways could not agree on the slots
_NO_FIXED_TIME = re.compile(r"(?<![a-z])[rh](?![a-z])", re.IGNORECASE)
# covers a slot claimed while the database's clock was wrong, but not a clock that was set back by seconds since
_CLOCK_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Schedule:
    """One cron expression in one time zone."""

    name: str
    cron: str
    timezone: str

    def __post_init__(self) -> None:
        if len(self.cron.split()) != 5 or _NO_FIXED_TIME.search(self.cron) or not croniter.is_valid(self.cron):
            raise self._refuse("is not a cron expression with fixed times")
        try:
            first = self.find_next(datetime.now(UTC))
        except CroniterError:
            first = []
        if not first:
            raise self._refuse("names a time that never occurs")

    def _refuse(self, why: str) -> ConfigError:
        variable = "WEEKLY_CRON" if self.name == WEEKLY else "REFRESH_CRON"
        return ConfigError(f"{variable} {why}.", next_step='Give five fields, like "0 2 * * *".')

    def list_slots(self, after: datetime, until: datetime) -> list[datetime]:
        """Return the slots in (after, until] in order, in UTC.

        A slot is a wall-clock time. If the clocks skip it, it falls on the moment that the old offset gives, one hour later
        on the new clock. If the clocks show it twice, it is the first of the two.
        """
        zone = ZoneInfo(self.timezone)
        local = (after.astimezone(zone) - _MARGIN).replace(tzinfo=None)
        end = (until.astimezone(zone) + _MARGIN).replace(tzinfo=None)
        clock = croniter(self.cron, local)
        slots = set()
        while (wall := clock.get_next(datetime)) <= end:
            slot = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
            if after < slot <= until:
                slots.add(slot)
        return sorted(slots)

    def find_last(self, now: datetime) -> datetime | None:
        """Return the newest slot up to now, or None if there was none for years."""
        for span in _LOOK_BACK:
            slots = self.list_slots(now - span, now)
            if slots:
                return slots[-1]
        return None

    def find_next(self, now: datetime, count: int = 1) -> list[datetime]:
        """Return the next slots after now; fewer if there are none for years."""
        for span in _LOOK_BACK:
            slots = self.list_slots(now, now + span)
            if len(slots) >= count:
                return slots[:count]
        return slots[:count]


def make_schedules(settings: ScheduleSettings) -> tuple[Schedule, Schedule]:
    """Return the daily and the weekly schedule; raises ConfigError with the name of the invalid variable."""
    return (
        Schedule(DAILY, settings.refresh_cron, settings.refresh_timezone),
        Schedule(WEEKLY, settings.weekly_cron, settings.refresh_timezone),
    )


@dataclass(frozen=True)
class Fired:
    """The result of one poll of the clock: the claimed slots, and the refresh that they started, if any."""

    slots: Mapping[str, datetime]
    task_id: Any = None


class _PostponedError(SraError):
    """A refresh is running; the slot stays free until it finishes."""


class Scheduler:
    """Watches the clock and starts the refresh of every slot exactly once, however many gateways run."""

    def __init__(self, schedules: Sequence[Schedule]) -> None:
        self.schedules = tuple(schedules)
        self.known_pause: datetime | None = None
        self.polled_at: datetime | None = None
        self.waiting: Mapping[str, datetime] = {}

    async def fire_due(self, pool: Pool, *, now: datetime | None = None) -> Fired | None:
        """Claim the last due slot of each schedule, if it is free, and start one refresh for all of them.

        `now` defaults to the database's time. While paused, slots are claimed and start nothing. While a refresh is
        running, the slots stay due until it finishes.
        """
        async with pool.acquire() as connection:
            now = now or await connection.fetchval("SELECT clock_timestamp()")
            paused = await self._read_state(connection)
            due = {name: slot for name, slot, since in await self._list_due(connection, now) if slot and slot > since}
            self.polled_at = datetime.now(UTC)
            if not due:
                self.waiting = {}
                return None
            try:
                async with connection.transaction():
                    fired = await self._take_slots(connection, due, paused=paused)
            except _PostponedError as error:
                if due != self.waiting:
                    slots = {name: slot.isoformat() for name, slot in due.items()}
                    log.info("slot_postponed", slots=slots, why=str(error))
                self.waiting = due
                return None
            self.waiting = {}
            return fired

    async def _read_state(self, connection: Connection) -> bool:
        await connection.executemany(
            "INSERT INTO schedule_state (schedule) VALUES ($1) ON CONFLICT DO NOTHING",
            [(schedule.name,) for schedule in self.schedules],
        )
        self.known_pause = await connection.fetchval("SELECT max(paused_at) FROM schedule_state")
        return self.known_pause is not None

    async def _list_due(self, connection: Connection, now: datetime) -> list[tuple[str, datetime | None, datetime]]:
        """Return (schedule, last slot, latest time whose slots are settled).

        Rows written while the clock was ahead of `now` do not delay any real slot.
        """
        await connection.execute(
            "UPDATE schedule_state SET created_at = $1 WHERE created_at > $1::timestamptz + $2::interval",
            now,
            _CLOCK_MARGIN,
        )
        rows = await connection.fetch(
            "SELECT s.schedule,"
            " greatest(s.created_at, max(t.slot) FILTER (WHERE t.slot <= $1::timestamptz + $2::interval)) AS since"
            " FROM schedule_state s LEFT JOIN schedule_slot t USING (schedule) GROUP BY s.schedule, s.created_at",
            now,
            _CLOCK_MARGIN,
        )
        since = {row["schedule"]: row["since"] for row in rows}
        return [
            (schedule.name, schedule.find_last(now), since[schedule.name])
            for schedule in self.schedules
            if schedule.name in since
        ]

    async def _take_slots(self, connection: Connection, due: Mapping[str, datetime], *, paused: bool) -> Fired | None:
        taken = {name: due[name] for name in sorted(due) if await claim_slot(connection, name, due[name])}
        if not taken:
            return None
        if paused:
            log.info("slot_passed_while_paused", slots={name: slot.isoformat() for name, slot in taken.items()})
            return Fired(taken)
        # a slot of one schedule may come while the other's refresh is running
        if await connection.fetchval(
            "SELECT EXISTS (SELECT FROM task_execution_log WHERE task_type = $1"
            " AND status IN ('queued', 'running', 'parked'))",
            TaskType.UNIFIED_REFRESH,
        ):
            raise _PostponedError("A refresh is running.", next_step="The slot's refresh starts when it finishes.")
        parameters = RefreshParameters(weekly=WEEKLY in taken, trigger="schedule")
        requested = await request_run(connection, make_request(parameters), source=None, enqueue=enqueue_run)
        if not requested.created:
            raise _PostponedError("A refresh is running.", next_step="The slot's refresh starts when it finishes.")
        for name, slot in taken.items():
            await bind_slot(connection, name, slot, requested.task.task_id)
        log.info("slot_fired", slots={name: slot.isoformat() for name, slot in taken.items()})
        return Fired(taken, requested.task.task_id)

    async def set_paused(self, connection: Connection, *, paused: bool) -> bool:
        """Pause or resume all schedules and return whether any changed; slots missed while paused are skipped."""
        await self._read_state(connection)
        changed = await connection.fetch(
            "UPDATE schedule_state SET paused_at = CASE WHEN $1 THEN now() END WHERE (paused_at IS NULL) = $1 RETURNING 1",
            paused,
        )
        await self._read_state(connection)
        return bool(changed)

    def describe(self, now: datetime) -> list[dict[str, Any]]:
        """Return each schedule with its next three slots and, if known, since when it is paused."""
        return [
            {
                "schedule": schedule.name,
                "cron": schedule.cron,
                "timezone": schedule.timezone,
                "paused_since": self.known_pause,
                "next": schedule.find_next(now, 3),
            }
            for schedule in self.schedules
        ]
