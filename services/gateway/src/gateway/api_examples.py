"""Examples of the requests and responses of the gateway's own routes, as instances of their models."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from gateway.alert_api import AlertReport, SentAlert, TestedAlert
from gateway.api import (
    LoginCode,
    PartView,
    RefreshAccepted,
    RefreshBody,
    RefreshPage,
    ScheduleView,
    StatusReport,
)
from gateway.audit_api import AuditPage
from gateway.login_sessions import CODE_LIFETIME
from gateway.monitoring.incident_list import IncidentView
from gateway.refresh.model import SOURCES, Step
from gateway.refresh.result import DatasetCounts, RefreshView, StepRunReference, StepView
from gateway.reject_api import DismissBody, RejectPage, RejectView, ReopenBody, VerdictReport
from sra_shared.kit.named_tokens import Role
from sra_shared.runs.audit import Action, AuditEntry, SubjectKind
from sra_shared.service import CheckResult, HealthStatus
from sra_shared.service.examples import MOMENT

_REFRESH_ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
_RUN_ID = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")


def list_examples() -> list[BaseModel]:
    """Return one instance of each model that is a whole request or response body."""
    refresh = _make_refresh()
    queued = refresh.model_copy(
        update={
            "status": "queued",
            "started_at": None,
            "completed_at": None,
            "seconds": None,
            "performance_metrics": {},
            "steps": [_make_step(step, None) for step in Step],
        }
    )
    incident = IncidentView(
        subject="service:fmp_ingest",
        kind="service_down",
        detail="fmp_ingest is down. It does not respond (ConnectError): check that it is running, and check its log.",
        began_at=MOMENT,
        ended_at=MOMENT + timedelta(minutes=14),
    )
    alert = SentAlert(
        kind="service_down",
        text=f"SRA Data: {incident.detail}",
        created_at=MOMENT,
        delivered_at=MOMENT + timedelta(seconds=1),
        attempts=1,
        last_error=None,
    )
    return [
        RefreshBody(sources=list(SOURCES), weekly=False),
        refresh,
        RefreshAccepted(**queued.model_dump(), created=True),
        RefreshPage(refreshes=[refresh]),
        _make_schedule(),
        _make_status(refresh, incident),
        LoginCode(code="dJ5mX0Yq1c3vT8bN2kLw7RzA", expires_at=MOMENT + CODE_LIFETIME),
        AlertReport(webhook=True, incidents=[incident], alerts=[alert]),
        TestedAlert(delivered=True, error=None),
        RejectPage(rejects=[_make_reject()], next_before=None),
        DismissBody(reject_ids=[41, 42], why="Test rows of the vendor."),
        ReopenBody(reject_ids=[41]),
        AuditPage(entries=[_make_entry()], next_before=None),
        VerdictReport(changed=[41], left={42: "Reject 42 is resolved (corrected)."}),
    ]


def _make_entry() -> AuditEntry:
    return AuditEntry(
        audit_id=7,
        at=MOMENT,
        action=Action.TRIGGER,
        subject_kind=SubjectKind.REFRESH,
        subject_ids=[str(_REFRESH_ID)],
        role=Role.OPERATOR,
        token_name="alice",  # noqa: S106 - a name
        address="203.0.113.7",
        details={"sources": list(SOURCES)},
    )


def _make_reject() -> RejectView:
    return RejectView(
        reject_id=41,
        source="fmp",
        dataset="profile",
        file_path="profile-bulk",
        line=None,
        record_key="ZZZZ",
        reason="market_cap_range",
        detail="marketCap is '-1': the market capitalisation is not between 0 and 1e14",
        raw='{"symbol":"ZZZZ","companyName":"Example Corp","marketCap":-1}',
        raw_bytes=61,
        run_id=_RUN_ID,
        created_at=MOMENT,
        seen_count=3,
        last_seen_at=MOMENT + timedelta(days=2),
        last_run_id=_RUN_ID,
        resolved_at=None,
        resolution=None,
        dismissed_at=None,
        dismissed_by=None,
        dismissal=None,
    )


def _make_refresh() -> RefreshView:
    return RefreshView(
        refresh_id=_REFRESH_ID,
        status="completed",
        overdue=False,
        trigger="schedule",
        weekly=False,
        sources=list(SOURCES),
        scheduled_at=MOMENT,
        started_at=MOMENT,
        completed_at=MOMENT + timedelta(minutes=8),
        seconds=480.0,
        error=None,
        steps=[_make_step(step, MOMENT + timedelta(minutes=2 * number)) for number, step in enumerate(Step)],
        performance_metrics={"duration_seconds": 480.0, "target_seconds": 7200, "within_window": True},
    )


def _make_step(step: Step, started: datetime | None) -> StepView:
    """Return a step that started at this time and took two minutes, or one that has not started."""
    counts = DatasetCounts(
        dataset="quote",
        read=9_120,
        stored=9_118,
        unchanged=0,
        duplicate=0,
        rejected=2,
        rejected_by={"missing_symbol": 2},
        warnings_by={},
    )
    reads = started is not None and step is Step.FMP
    run = StepRunReference(task_type="daily_quotes", task_id=_RUN_ID, status="completed")
    return StepView(
        step=step.value,
        status="queued" if started is None else "completed",
        seconds=None if started is None else 120.0,
        started_at=started,
        completed_at=started and started + timedelta(minutes=2),
        error=None,
        datasets=[counts] if reads else [],
        attempt=1,
        retry_at=None,
        runs=[run] if reads else [],
    )


def _make_schedule() -> ScheduleView:
    days = [MOMENT + timedelta(days=number) for number in (1, 2, 3)]
    return ScheduleView(schedule="daily", cron="0 2 * * *", timezone="UTC", paused_since=None, next=days)


def _make_status(refresh: RefreshView, incident: IncidentView) -> StatusReport:
    def show(name: str, detail: str = "It responds.") -> PartView:
        return PartView(name=name, status=HealthStatus.HEALTHY, detail=detail, since=MOMENT, checked_at=MOMENT)

    ended = CheckResult(
        status=HealthStatus.HEALTHY,
        detail="The last one finished with status completed at 2026-11-02 02:08 UTC.",
        checked_at=MOMENT,
    )
    fine = CheckResult(status=HealthStatus.HEALTHY, detail="", checked_at=MOMENT)
    row = {"source": "fmp", "dataset": "quote", "newest_record": "2026-10-30", "is_late": False, "cadence": "daily"}
    return StatusReport(
        status=HealthStatus.HEALTHY,
        timestamp=MOMENT,
        services=[show(name) for name in ("fmp_ingest", "fundata_ingest", "view_builder")],
        database=show("database"),
        sources=[show(name, "Its last step succeeded.") for name in ("FMP", "Fundata")],
        checks={"refresh": ended, "freshness": fine, "schedule": fine},
        incidents=[incident],
        refresh=refresh,
        last_success=refresh,
        freshness=[row],
        schedule=[_make_schedule()],
        read_at=MOMENT,
    )
