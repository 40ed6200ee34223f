"""Dismissing rejects with a reason, so that they need no more attention, and reopening them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sra_shared.kit.db import Connection
from sra_shared.kit.logs import get_logger
from sra_shared.runs.audit import Act, Action, Actor, SubjectKind, record_act

MOST_WHY = 1000
log = get_logger(__name__)

_SQL_DISMISS = """
UPDATE rejected_record SET dismissed_at = now(), dismissed_by = $2, dismissal = $3
WHERE reject_id = ANY($1::bigint[]) AND resolved_at IS NULL AND dismissed_at IS NULL RETURNING reject_id
"""
_SQL_REOPEN = """
UPDATE rejected_record SET dismissed_at = NULL, dismissed_by = NULL, dismissal = NULL
WHERE reject_id = ANY($1::bigint[]) AND resolved_at IS NULL AND dismissed_at IS NOT NULL RETURNING reject_id
"""
_SQL_STATE = """
SELECT w.reject_id, r.reject_id IS NOT NULL AS is_known, r.resolution, r.dismissal, r.dismissed_by
FROM unnest($1::bigint[]) AS w (reject_id) LEFT JOIN rejected_record r USING (reject_id) ORDER BY 1
"""


@dataclass(frozen=True)
class Verdicts:
    """The rejects that were changed, and a sentence for each of the others why it was not."""

    changed: list[int] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)


async def dismiss_rejects(connection: Connection, reject_ids: Sequence[int], *, why: str, by: Actor) -> Verdicts:
    """Dismiss open rejects in the caller's transaction, with the reason, and record the actor.

    Raises ValueError for a reason that is empty, too long, or contains characters that the database cannot store.
    """
    reason = " ".join(why.split())
    if not reason or len(reason) > MOST_WHY or not reason.isprintable():
        raise ValueError(f"write 1 to {MOST_WHY} printable characters")
    rows = await connection.fetch(_SQL_DISMISS, sorted(set(reject_ids)), str(by), reason)
    verdicts = await _list_verdicts(connection, reject_ids, {row["reject_id"] for row in rows}, "is not dismissed")
    if verdicts.changed:
        await record_act(connection, by, Act(Action.DISMISS, SubjectKind.REJECT, verdicts.changed, {"why": reason}))
    log.info("rejects_dismissed", rejects=verdicts.changed, by=str(by), why=reason)
    return verdicts


async def reopen_rejects(connection: Connection, reject_ids: Sequence[int], *, by: Actor) -> Verdicts:
    """Reopen dismissed rejects in the caller's transaction, and record the actor."""
    rows = await connection.fetch(_SQL_REOPEN, sorted(set(reject_ids)))
    verdicts = await _list_verdicts(connection, reject_ids, {row["reject_id"] for row in rows}, "is open")
    if verdicts.changed:
        await record_act(connection, by, Act(Action.REOPEN, SubjectKind.REJECT, verdicts.changed))
    log.info("rejects_reopened", rejects=verdicts.changed, by=str(by))
    return verdicts


async def _list_verdicts(
    connection: Connection, reject_ids: Sequence[int], changed: set[int], otherwise: str
) -> Verdicts:
    left = sorted(set(reject_ids) - changed)
    rows = await connection.fetch(_SQL_STATE, left) if left else []
    reasons = {}
    for row in rows:
        name = f"Reject {row['reject_id']}"
        if not row["is_known"]:
            reasons[row["reject_id"]] = f"{name} does not exist."
        elif row["resolution"] is not None:
            reasons[row["reject_id"]] = f"{name} is resolved ({row['resolution']})."
        elif row["dismissal"] is not None:
            reasons[row["reject_id"]] = f"{name} was dismissed before by {row['dismissed_by']} ({row['dismissal']})."
        else:
            reasons[row["reject_id"]] = f"{name} {otherwise}."
    return Verdicts(sorted(changed), reasons)
