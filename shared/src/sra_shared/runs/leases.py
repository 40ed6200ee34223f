"""Leases by the database clock, renewed by a separate heartbeat, and the fence of every commit."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import OUTAGE_ERRORS, Connection, Pool, open_connection, open_pool
from sra_shared.kit.errors import LeaseLostError, RetryableError
from sra_shared.kit.logs import get_logger
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs.counts import Counts
from sra_shared.runs.model import Unit, UnitStatus

_LOOK_SECONDS = 0.1


def make_death_condition(parameter: int) -> str:
    """Return the SQL condition that the worker of a unit `u` is dead; the numbered parameter is `LeaseTiming.dead`."""
    return f"""(u.lease_expires_at < clock_timestamp()
     OR (u.heartbeat_at < clock_timestamp() - make_interval(secs => ${parameter})
         AND NOT EXISTS (SELECT FROM pg_stat_activity a
                         WHERE a.pid = u.owner_pid AND a.backend_start = u.owner_backend_start)))"""


# A worker may reclaim its own unit only if it no longer works on it, however long ago the lease expired. Otherwise a
# process that was paused would take its units from itself. Reclaiming is not a new attempt, since the process is alive.
SQL_CLAIM = compose(
    """
WITH candidate AS (
  SELECT u.task_id, u.unit, u.status = 'running' AS taken_over,
         CASE WHEN u.status = 'running' AND u.owner = $2 THEN 0 ELSE 1 END AS new
  FROM run_unit u
  WHERE u.task_id = $1
    AND ((u.status IN ('queued', 'parked') AND (u.not_before IS NULL OR u.not_before <= clock_timestamp()))
         OR (u.status = 'running' AND (u.owner = $2 OR {make_death_condition})
             AND NOT (u.owner = $2 AND (u.unit, u.epoch) IN (SELECT * FROM unnest($5::text[], $6::bigint[])))))
    AND (NOT $7 OR NOT EXISTS (SELECT FROM run_unit p WHERE p.task_id = u.task_id AND p.ordinal < u.ordinal
                               AND p.status IN ('queued', 'running')))
  ORDER BY u.ordinal, u.unit
  LIMIT 1
  FOR UPDATE SKIP LOCKED)
UPDATE run_unit u
SET status = 'running', epoch = u.epoch + 1, owner = $2, owner_pid = $3, owner_backend_start = $4,
    heartbeat_at = clock_timestamp(), lease_expires_at = clock_timestamp() + make_interval(secs => $9),
    attempt = u.attempt + c.new, starts = u.starts + c.new,
    started_at = coalesce(u.started_at, clock_timestamp()), not_before = NULL
FROM candidate c
WHERE u.task_id = c.task_id AND u.unit = c.unit
RETURNING u.*, c.taken_over
""",
    make_death_condition=make_death_condition(8),
)

# a worker stopped inside a transaction would keep its locks; its server process waits in ClientRead
SQL_FREE_LOCKS = compose(
    """
SELECT pg_terminate_backend(a.pid)
FROM pg_stat_activity a
WHERE a.xact_start IS NOT NULL AND a.wait_event = 'ClientRead'
  AND a.application_name IN (SELECT left('sra:' || u.owner, 63) FROM run_unit u
                             WHERE u.task_id = $1 AND u.status = 'running' AND u.owner <> $2 AND {make_death_condition})
""",
    make_death_condition=make_death_condition(3),
)

SQL_COMMIT = """
UPDATE run_unit SET
  read_count = read_count + $4, stored_count = stored_count + $5, unchanged_count = unchanged_count + $6,
  duplicate_count = duplicate_count + $7, rejected_count = rejected_count + $8,
  out_of_scope_count = out_of_scope_count + $9,
  rejected_by = $10, warnings_by = $11, resume = coalesce($12, resume), progress = progress || $13,
  attempt = CASE WHEN $14::text IS NULL AND ($4 > 0 OR $12::jsonb IS NOT NULL) THEN 1 ELSE attempt END,
  status = coalesce($14, status), error = coalesce($15, error),
  completed_at = CASE WHEN $14 IS NULL THEN completed_at ELSE clock_timestamp() END
WHERE task_id = $1 AND unit = $2 AND epoch = $3 AND status = 'running'
RETURNING *
"""

SQL_RELEASE = """
UPDATE run_unit SET status = $4, not_before = $5, error = $6, attempt = attempt - $7, starts = starts - $7, owner = NULL
WHERE task_id = $1 AND unit = $2 AND epoch = $3 AND status = 'running'
RETURNING unit
"""

# Renews a lease that expired in a pause too, unless another worker took the unit over. Inactive units are not renewed.
SQL_BEAT = """
UPDATE run_unit SET heartbeat_at = clock_timestamp(), owner_pid = $2, owner_backend_start = $3,
  lease_expires_at = clock_timestamp() + make_interval(secs => $7)
WHERE owner = $1 AND status = 'running'
  AND (task_id, unit, epoch) IN (SELECT * FROM unnest($4::uuid[], $5::text[], $6::bigint[]))
"""

# the run's attempt is the number of starts of its most retried unit, not counting handovers and parking
SQL_COUNT_ATTEMPT = "UPDATE task_execution_log SET attempt = $2 WHERE task_id = $1 AND attempt < $2"


ActiveUnit: TypeAlias = tuple[UUID, str, int]
"""Run, unit and fencing token of a unit in progress."""


@dataclass
class Lease:
    """The right to commit for one unit, until its fencing token is incremented; `counts` and `resume` follow each commit."""

    unit: Unit
    taken_over: bool

    @property
    def key(self) -> ActiveUnit:
        """The worker's key for the unit while it works under this lease."""
        return self.unit.task_id, self.unit.unit, self.unit.fencing_token

    @property
    def label(self) -> str:
        """The unit's name in messages."""
        return f"{self.unit.unit} of run {self.unit.task_id}"


class Worker:
    """One process that claims units: its name, and the heartbeat that renews its leases in a separate thread.

    The heartbeat has its own event loop and connection, so that heavy work in the main loop cannot make a live worker look
    dead. It also learns which runs were cancelled.
    """

    def __init__(
        self, dsn: str, service: str, *, wait_seconds: float = 30, timing: LeaseTiming = DEFAULT_TIMING
    ) -> None:
        """`wait_seconds` is how long entering waits for the database; with 0 a service can start while it is down."""
        self._wait_seconds = wait_seconds
        self.timing = timing
        self.owner = f"{service}:{uuid4().hex[:12]}"
        self.active: set[ActiveUnit] = set()
        self.cancelled: frozenset[UUID] = frozenset()
        self.stopping = threading.Event()
        # a unit of this worker that is not in `active` counts as abandoned, so claiming and recording must be one step
        self.claiming = asyncio.Lock()
        self._dsn = dsn
        self._backend: tuple[int, datetime] | None = None
        self._closed = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"heartbeat-{self.owner}", daemon=True)

    @property
    def application_name(self) -> str:
        """The name of this worker's connections on the server, which a successor looks for."""
        return f"sra:{self.owner}"[:63]

    async def __aenter__(self) -> Worker:
        self._thread.start()
        if self._wait_seconds and not await asyncio.to_thread(self._ready.wait, self._wait_seconds):
            self._closed.set()
            raise RetryableError(
                f"The database did not respond within {self._wait_seconds:g} s.",
                next_step="Check that it is running, then try again.",
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed.set()
        await asyncio.to_thread(self._thread.join, 15)

    async def open_pool(self, *, min_size: int = 1, max_size: int = 10) -> Pool:
        """Open a pool whose connections have this worker's name."""
        return await open_pool(self._dsn, application_name=self.application_name, min_size=min_size, max_size=max_size)

    @property
    def is_beating(self) -> bool:
        """Whether the heartbeat reaches the database, as far as is known."""
        return self._backend is not None

    async def wait_for_backend(self) -> tuple[int, datetime]:
        """Return the server process and start time of the heartbeat's connection, which may be reconnecting.

        Raises ConnectionError if there is none within `timing.backend_wait`, or when the worker stops.
        """
        for _ in range(math.ceil(self.timing.backend_wait / _LOOK_SECONDS)):
            if self._backend is not None or self.stopping.is_set():
                break
            await asyncio.sleep(_LOOK_SECONDS)
        if self._backend is None:
            raise ConnectionError("the heartbeat has no connection to the database")
        return self._backend

    def _keep(self) -> None:
        asyncio.run(self._renew_leases())

    async def _renew_leases(self) -> None:
        log = get_logger(__name__)
        while not self._closed.is_set():
            try:
                await self._beat_until_lost()
            except (*OUTAGE_ERRORS, asyncpg.PostgresError, RetryableError) as error:
                log.warning("heartbeat_lost_its_connection", error=str(error))
            except Exception:
                # without a heartbeat, the process would lose each unit that it claims
                log.exception("heartbeat_failed")
            else:
                continue
            await asyncio.to_thread(self._closed.wait, self.timing.reconnect)

    async def _beat_until_lost(self) -> None:
        connection = await open_connection(
            self._dsn, application_name=f"{self.application_name}:beat", command_timeout=10
        )
        try:
            await self._send_heartbeats(connection)
        finally:
            self._backend = None
            connection.terminate()

    async def _send_heartbeats(self, connection: Connection) -> None:
        row = await connection.fetchrow("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        if row is None:
            raise RetryableError(
                "The server does not list its own connections.", next_step="Check the role's privileges."
            )
        self._backend = (row["pid"], row["backend_start"])
        while not self._closed.is_set():
            active = list(self.active)
            tasks, units, tokens = (list(column) for column in zip(*active, strict=True)) if active else ([], [], [])
            await connection.execute(SQL_BEAT, self.owner, *self._backend, tasks, units, tokens, self.timing.lease)
            rows = await connection.fetch(
                "SELECT task_id FROM task_execution_log WHERE cancel_requested_at IS NOT NULL"
                " AND task_id = ANY($1::uuid[]) AND status IN ('queued', 'running', 'parked')",
                tasks,
            )
            self.cancelled = frozenset(found["task_id"] for found in rows)
            self._ready.set()
            await asyncio.to_thread(self._closed.wait, self.timing.beat)


async def claim_unit(pool: Pool, task_id: UUID, worker: Worker, *, ordered: bool) -> Lease | None:
    """Claim the next free unit of a run, including those of dead workers; None if none is free now.

    With `ordered`, a unit is free only after all earlier ones have finished. The former owner's stuck transactions are
    terminated first. Raises ConnectionError if the worker's heartbeat has no connection.
    """
    async with worker.claiming:
        pid, backend_start = await worker.wait_for_backend()
        async with pool.acquire() as connection:
            own = [(unit, fencing_token) for task, unit, fencing_token in worker.active if task == task_id]
            await connection.execute(SQL_FREE_LOCKS, task_id, worker.owner, worker.timing.dead)
            row = await connection.fetchrow(
                SQL_CLAIM,
                task_id,
                worker.owner,
                pid,
                backend_start,
                [unit for unit, _ in own],
                [fencing_token for _, fencing_token in own],
                ordered,
                worker.timing.dead,
                worker.timing.lease,
            )
            if row is not None and row["starts"] > 1:
                # separate from the claim: a cancellation locks the run before its units
                await connection.execute(SQL_COUNT_ATTEMPT, task_id, row["starts"])
        if row is None:
            return None
        # Only after the connection was released: that fails too if the server dies, and the heartbeat would then renew an
        # active unit forever although no task works on it.
        lease = Lease(unit=Unit.from_row(row), taken_over=row["taken_over"])
        worker.active.add(lease.key)
    return lease


async def commit_unit(
    connection: Connection,
    lease: Lease,
    delta: Counts,
    *,
    resume: Mapping[str, Any] | None = None,
    progress: Mapping[str, Any] | None = None,
    status: UnitStatus | None = None,
    error: str | None = None,
) -> None:
    """Add a chunk's counts and resume point in the transaction that stores its rows; the last step before its commit.

    Raises LeaseLostError if another worker took the unit over, and FatalError if the chunk's counts do not balance. In both
    cases the caller's transaction must roll back.
    """
    delta.check(lease.label)
    unit = lease.unit
    total = unit.counts + delta
    row = await connection.fetchrow(
        SQL_COMMIT,
        unit.task_id,
        unit.unit,
        unit.fencing_token,
        delta.read,
        delta.stored,
        delta.unchanged,
        delta.duplicate,
        delta.rejected,
        delta.out_of_scope,
        dict(total.rejected_by),
        dict(total.warnings_by),
        dict(resume) if resume is not None else None,
        dict(progress or {}),
        status,
        error,
    )
    if row is None:
        raise LeaseLostError(
            f"{lease.label} was taken over by another worker.", next_step="Nothing of this chunk was stored."
        )


async def refresh_lease(connection: Connection, lease: Lease) -> None:
    """Read the unit again after its transaction has committed, to get the stored counts and resume point."""
    row = await connection.fetchrow(
        "SELECT * FROM run_unit WHERE task_id = $1 AND unit = $2", lease.unit.task_id, lease.unit.unit
    )
    if row is None or row["epoch"] != lease.unit.fencing_token:
        raise LeaseLostError(f"{lease.label} was taken over by another worker.", next_step="It continues there.")
    lease.unit = Unit.from_row(row)


async def release_unit(
    connection: Connection,
    lease: Lease,
    *,
    status: UnitStatus,
    not_before: datetime | None = None,
    error: str | None = None,
    counts_as_attempt: bool = True,
) -> bool:
    """Release a unit until later, or end it with an error; return False if another worker has taken it over."""
    row = await connection.fetchrow(
        SQL_RELEASE,
        lease.unit.task_id,
        lease.unit.unit,
        lease.unit.fencing_token,
        status,
        not_before,
        error,
        0 if counts_as_attempt else 1,
    )
    return row is not None
