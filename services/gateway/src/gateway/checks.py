"""The gateway's own parts of the health report: the refresh, how fresh the data are, the clock. Nothing is waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.probe import Knowledge
from gateway.schedule import Scheduler
from sra_shared.service import CheckResult, HealthStatus

_MOST_NAMED = 5
# the clock is looked at every few seconds
_CLOCK_SILENCE = timedelta(minutes=2)


def check_all(known: Knowledge, scheduler: Scheduler, now: datetime | None = None) -> dict[str, CheckResult]:
    """Return every check by its name, each with the reasons for which it is not healthy."""
    return {
        "refresh": check_refresh(known),
        "freshness": check_freshness(known),
        "schedule": check_schedule(scheduler, now or datetime.now(UTC)),
    }


def check_refresh(known: Knowledge) -> CheckResult:
    """Tell how the refresh in progress goes and how the newest one that ended did."""
    ended = next((one for one in known.refreshes if one.completed_at is not None), None)
    running = next((one for one in known.refreshes if one.completed_at is None), None)
    status, told = HealthStatus.HEALTHY, []
    if running is not None:
        told.append(f"Refresh {running.refresh_id} is {running.status}{', overdue' if running.overdue else ''}.")
        status = HealthStatus.DEGRADED if running.overdue else status
    if ended is None:
        told.append("No refresh has ended yet.")
    else:
        told.append(f"The last one ended {ended.status} at {ended.completed_at:%Y-%m-%d %H:%M} UTC.")
        if ended.status not in ("completed", "cancelled"):
            told.append("Look at its steps for what went wrong.")
            status = HealthStatus.DEGRADED
    return CheckResult(status=status, detail=" ".join(told), checked_at=known.read_at)


def check_freshness(known: Knowledge) -> CheckResult:
    """Tell which datasets are late by their market calendar, and which views could not be built anew."""
    late = [row for row in known.freshness if row.get("is_late")]
    datasets = [_name_late(row) for row in late if row["source"] != "views"]
    views = [str(row["dataset"]) for row in late if row["source"] == "views"]
    told = []
    if datasets:
        told.append(f"Late: {_list_some(datasets)}. Look at the last refresh, then start one.")
    if views:
        told.append(f"The newest build failed of: {_list_some(views)}. Look at the views for the reason.")
    if not known.freshness:
        told.append("Nothing is published yet.")
    status = HealthStatus.DEGRADED if late else HealthStatus.HEALTHY
    return CheckResult(status=status, detail=" ".join(told), checked_at=known.freshness_read_at)


def _name_late(row: dict[str, Any]) -> str:
    since = row.get("late_since")
    return f"{row['source']} {row['dataset']}" + (f" since {str(since)[:10]}" if since else "")


def _list_some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def check_schedule(scheduler: Scheduler, now: datetime) -> CheckResult:
    """Tell whether refreshes start by the clock: not while paused, nor where nobody looks at it."""
    looked_at, paused = scheduler.looked_at, scheduler.known_pause
    if looked_at is None:
        told = "The clock was not looked at yet."
    elif now - looked_at > _CLOCK_SILENCE:
        told = f"Nobody looked at the clock since {looked_at:%Y-%m-%d %H:%M:%S} UTC: look at the database and the log."
    elif paused is not None:
        told = f"Paused since {paused:%Y-%m-%d %H:%M} UTC: no refresh starts by the clock. Resume it when you can."
    else:
        waiting = ", ".join(f"the {name} slot of {slot:%Y-%m-%d %H:%M} UTC" for name, slot in scheduler.waiting.items())
        told = f"A refresh is running; for its end waits {waiting}." if waiting else ""
        return CheckResult(status=HealthStatus.HEALTHY, detail=told, checked_at=looked_at)
    return CheckResult(status=HealthStatus.DEGRADED, detail=told, checked_at=looked_at)
