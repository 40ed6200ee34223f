"""Slots of a schedule: each fires once, however many processes watch the clock."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sra_shared.kit.db import Connection


async def claim_slot(connection: Connection, schedule: str, slot: datetime, *, task_id: UUID | None = None) -> bool:
    """Claim the slot and return True, or return False if it is already claimed.

    Called in the transaction that requests the slot's run: if that fails, the slot is free again. A concurrent claim waits
    for the first transaction's end. `slot` is aware and is the planned time, not the current one. Raises ValueError if
    `slot` has no time zone.
    """
    if slot.tzinfo is None:
        raise ValueError(f"slot {slot} of schedule {schedule} carries no time zone")
    row = await connection.fetchrow(
        "INSERT INTO schedule_slot (schedule, slot, task_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING slot",
        schedule,
        slot,
        task_id,
    )
    return row is not None


async def bind_slot(connection: Connection, schedule: str, slot: datetime, task_id: UUID) -> None:
    """Record which run a claimed slot started, in the same transaction."""
    await connection.execute(
        "UPDATE schedule_slot SET task_id = $3 WHERE schedule = $1 AND slot = $2", schedule, slot, task_id
    )
