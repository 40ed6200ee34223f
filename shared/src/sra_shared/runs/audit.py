"""The audit: an entry for each act of a person or a program, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.kit.named_tokens import CLI, Role
from sra_shared.kit.texts import excerpt

_MOST_OF_ADDRESS = 64
_IDS_SHOWN = 5
# anybody can fail to log in any number of times, so the table must be bounded
MOST_FAILED_LOGINS_AN_HOUR = 100


class Action(StrEnum):
    """What was done."""

    TRIGGER = "trigger"
    START = "start"
    CANCEL = "cancel"
    RELEASE = "release"
    REPLAY = "replay"
    PAUSE = "pause"
    RESUME = "resume"
    DISMISS = "dismiss"
    REOPEN = "reopen"
    LOGIN_CODE = "login_code"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"


class SubjectKind(StrEnum):
    """The kind of thing that the act concerns."""

    REFRESH = "refresh"
    RUN = "run"
    REJECT = "reject"
    SCHEDULE = "schedule"
    SESSION = "session"


@dataclass(frozen=True)
class Actor:
    """Who acts: role and name of the token, absent for a failed login, and the address."""

    role: Role | None
    token_name: str | None
    address: str

    def __str__(self) -> str:
        if self.token_name == CLI:
            return f"{self.address} at the command line"
        return f"{self.token_name} ({self.address})"


@dataclass(frozen=True)
class Act:
    """One act and the things that it concerns; `at` defaults to the transaction's time."""

    action: Action
    subject_kind: SubjectKind
    subject_ids: Sequence[object] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


class AuditEntry(BaseModel):
    """One act."""

    audit_id: int
    at: datetime
    action: Action
    subject_kind: SubjectKind
    subject_ids: list[str] = Field(description="Ids of the refresh, runs, rejected rows or session.")
    role: Role | None
    token_name: str | None = Field(description="Null for a failed login; `cli` for a command on the database itself.")
    address: str = Field(description="Where the request came from; for a command, the user of the operating system.")
    details: dict[str, Any]


@dataclass(frozen=True)
class AuditFilter:
    """Which entries to list; only ids below `before` are listed."""

    since: datetime | None = None
    before: int | None = None
    action: Action | None = None
    subject_kind: SubjectKind | None = None
    subject_id: str | None = None
    limit: int = 20


_COLUMNS = ", ".join(AuditEntry.model_fields)
_SQL_RECORD = """
INSERT INTO audit (action, subject_kind, subject_ids, role, token_name, address, details, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()))
"""
_SQL_RECORD_FAILED_LOGIN = compose(
    """
INSERT INTO audit (action, subject_kind, address)
SELECT '{login_failed}', '{session}', $1
WHERE (SELECT count(*) FROM audit WHERE action = '{login_failed}' AND at > now() - interval '1 hour') < $2
""",
    login_failed=Action.LOGIN_FAILED,
    session=SubjectKind.SESSION,
)


def clean_address(text: str) -> str:
    """Return the address in a form that the table can hold: a proxy's header may contain anything."""
    return excerpt(text, _MOST_OF_ADDRESS) or "unknown"


async def record_act(connection: Connection, by: Actor, act: Act) -> None:
    """Record an act in the caller's transaction."""
    await connection.execute(
        _SQL_RECORD,
        act.action,
        act.subject_kind,
        [str(one) for one in act.subject_ids],
        by.role,
        by.token_name,
        clean_address(by.address),
        dict(act.details),
        act.at,
    )


async def record_failed_login(connection: Connection, address: str) -> None:
    """Record a failed login in the caller's transaction, up to the hourly limit."""
    await connection.execute(_SQL_RECORD_FAILED_LOGIN, clean_address(address), MOST_FAILED_LOGINS_AN_HOUR)


async def list_audit(connection: Connection, wanted: AuditFilter) -> list[AuditEntry]:
    """Return entries, newest first."""
    conditions = {
        "at >= ${}": wanted.since,
        "audit_id < ${}": wanted.before,
        "action = ${}": wanted.action,
        "subject_kind = ${}": wanted.subject_kind,
        "subject_ids @> ARRAY[${}::text]": wanted.subject_id,
    }
    given = [(condition, value) for condition, value in conditions.items() if value is not None]
    chosen = " AND ".join(condition.format(place) for place, (condition, _) in enumerate(given, 2)) or "true"
    query = compose(
        "SELECT {columns} FROM audit WHERE {chosen} ORDER BY audit_id DESC LIMIT $1",
        columns=_COLUMNS,
        chosen=chosen,
    )
    rows = await connection.fetch(query, wanted.limit, *(value for _, value in given))
    return [AuditEntry.model_validate(dict(row)) for row in rows]


def describe_details(entry: AuditEntry) -> str:
    """Return the details of an act in one line, with the ids of rejected rows."""
    parts = [f"{name.replace('_', ' ')}: {_show(value)}" for name, value in entry.details.items()]
    rows = [one for one in entry.subject_ids if one.isdecimal()]
    if rows:
        more = f" and {len(rows) - _IDS_SHOWN} more" if len(rows) > _IDS_SHOWN else ""
        parts.insert(0, f"rows {', '.join(rows[:_IDS_SHOWN])}{more}")
    return "; ".join(parts)


def _show(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "yes" if value is True else str(value)
