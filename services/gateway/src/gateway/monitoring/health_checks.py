"""The gateway's own parts of the health report: refresh, freshness, schedule. They read known state and never wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.monitoring.probe import SystemState
from gateway.refresh.schedule import Scheduler
from sra_shared.service import CheckResult, HealthStatus

_MOST_NAMED = 5
# the scheduler polls every few seconds
_CLOCK_SILENCE = timedelta(minutes=2)


def check_all(known: SystemState, scheduler: Scheduler, now: datetime | None = None) -> dict[str, CheckResult]:
    """Return every check by name, each with the reasons if it is not healthy."""
    return {
        "refresh": check_refresh(known),
        "freshness": check_freshness(known),
        "schedule": check_schedule(scheduler, now or datetime.now(UTC)),
    }


def check_refresh(known: SystemState) -> CheckResult:
    """Report on the refresh in progress and the newest finished one."""
    ended = next((one for one in known.refreshes if one.completed_at is not None), None)
    running = next((one for one in known.refreshes if one.completed_at is None), None)
    status, details = HealthStatus.HEALTHY, []
    if running is not None:
        details.append(f"Refresh {running.refresh_id} is {running.status}{', overdue' if running.overdue else ''}.")
        status = HealthStatus.DEGRADED if running.overdue else status
    if ended is None:
        details.append("No refresh has finished yet.")
    else:
        details.append(f"The last one finished with status {ended.status} at {ended.completed_at:%Y-%m-%d %H:%M} UTC.")
        if ended.status not in ("completed", "cancelled"):
            details.append("Its steps show the errors.")
            status = HealthStatus.DEGRADED
    return CheckResult(status=status, detail=" ".join(details), checked_at=known.read_at)


def check_freshness(known: SystemState) -> CheckResult:
    """Report datasets that are late by their market calendar, and views whose newest build failed."""
    late = [row for row in known.freshness if row.get("is_late")]
    datasets = [_name_late(row) for row in late if row["source"] != "views"]
    views = [str(row["dataset"]) for row in late if row["source"] == "views"]
    details = []
    if datasets:
        details.append(f"Late: {_list_some(datasets)}. Check the last refresh, then start one.")
    if views:
        details.append(f"The newest build failed for: {_list_some(views)}. The views' pages show the reason.")
    if not known.freshness:
        details.append("Nothing is published yet.")
    status = HealthStatus.DEGRADED if late else HealthStatus.HEALTHY
    return CheckResult(status=status, detail=" ".join(details), checked_at=known.freshness_read_at)


def _name_late(row: dict[str, Any]) -> str:
    since = row.get("late_since")
    return f"{row['source']} {row['dataset']}" + (f" since {str(since)[:10]}" if since else "")


def _list_some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def check_schedule(scheduler: Scheduler, now: datetime) -> CheckResult:
    """Report whether refreshes start on schedule: not while paused, nor if the scheduler has stopped polling."""
    polled_at, paused = scheduler.polled_at, scheduler.known_pause
    if polled_at is None:
        details = "The schedule has not been checked yet."
    elif now - polled_at > _CLOCK_SILENCE:
        details = f"The schedule was last checked at {polled_at:%Y-%m-%d %H:%M:%S} UTC. Check the database and the log."
    elif paused is not None:
        details = f"Paused since {paused:%Y-%m-%d %H:%M} UTC: no refresh starts on schedule. Resume it when you can."
    else:
        waiting = ", ".join(f"the {name} slot of {slot:%Y-%m-%d %H:%M} UTC" for name, slot in scheduler.waiting.items())
        details = f"A refresh is running; waiting for it to finish: {waiting}." if waiting else ""
        return CheckResult(status=HealthStatus.HEALTHY, detail=details, checked_at=polled_at)
    return CheckResult(status=HealthStatus.DEGRADED, detail=details, checked_at=polled_at)
