"""The shared tokens and permits of all processes: the outcome of an exchange, and the tables that keep them."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from fmp_ingest.limiter.pace import WINDOW_SECONDS, CallPace, divide_evenly
from sra_shared.kit.db import Connection, Pool

# a process silent for this long no longer counts; one whose exchanges failed for `TRUST` starts no call
PERMIT_SECONDS = WINDOW_SECONDS
TRUST_SECONDS = 20.0
# a process with waiting calls reports several times a second
QUIET_SECONDS = 3.0
# moments are rounded up to this, so that the tokens of a minute are 1,200 rows and not one row each
_BUCKET_SECONDS = 0.05
# a permit that cannot be divided moves from one process to the next this often
_TURN_SECONDS = 10.0


@dataclass(frozen=True)
class Offer:
    """The tokens and permits that a process has, releases and wants.

    `in_use` are permits that it keeps, `wants` those that it could use. `held` are the tokens that it keeps, `back` the seconds
    until each of those it releases is usable, `tokens` how many it wants that are usable within `ahead` seconds.
    """

    in_use: int = 0
    wants: int = 0
    held: int = 0
    back: Sequence[float] = ()
    tokens: int = 0
    ahead: float = 0.0


@dataclass(frozen=True)
class Grant:
    """What a process gets: seconds until each token is usable, permits in total, its part of the calls.

    `at` is the store's clock, in seconds. With `is_lost`, the process was given up meanwhile, and its tokens with it.
    """

    tokens: list[float]
    permits: int
    part: float = 1.0
    at: float = 0.0
    is_lost: bool = False


class TokenStore(Protocol):
    """The store in which processes share the tokens and permits of one budget."""

    async def exchange_tokens(self, *, worker: str, pace: CallPace, offer: Offer) -> Grant:
        """Release and take, in one atomic step."""

    async def leave(self, *, worker: str, pace: CallPace, back: Sequence[float]) -> None:
        """Release everything; the process has no call in flight."""

    async def postpone(self, *, pace: CallPace) -> None:
        """Make every token rest from now on, since the store's clock cannot be trusted."""


@dataclass(frozen=True)
class Member:
    """A process as the store knows it; a quiet one has no waiting calls, or is dead."""

    worker: str
    permits: int
    wants: int
    tokens: int
    is_quiet: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of an exchange: tokens to put into the pool and to take out of it, by moment, and the process's row."""

    grant: Grant
    member: Member
    put: Counter[float] = field(default_factory=Counter)
    taken: Counter[float] = field(default_factory=Counter)


def round_up(moment: float) -> float:
    """Return the end of the bucket that a moment is in."""
    return round(math.ceil(moment / _BUCKET_SECONDS) * _BUCKET_SECONDS, 2)


def allot_permits(pace: CallPace, worker: str, offer: Offer, others: Sequence[Member], now: float) -> int:
    """Return how many calls a process may have in flight: its fair part, as far as other processes have released it."""
    turn = int(now // _TURN_SECONDS)
    wants = {worker: offer.wants, **{member.worker: member.wants for member in others if not member.is_quiet}}
    order = sorted(wants, key=lambda name: (zlib.crc32(f"{turn} {name}".encode()), name))
    shared = pace.permits - sum(member.permits for member in others if member.is_quiet)
    fair = divide_evenly(max(0, shared), {name: wants[name] for name in order})[worker]
    return max(0, min(fair, pace.permits - sum(member.permits for member in others)))


def count_surplus(pace: CallPace, worker: str, offer: Offer, members: Sequence[Member], *, pooled: int) -> int:
    """Return by how many the tokens of all processes exceed the setting; negative if some are missing."""
    others = sum(member.tokens for member in members if member.worker != worker)
    return pooled + len(offer.back) + offer.held + others - pace.tokens


def decide_token_exchange(
    pace: CallPace,
    worker: str,
    offer: Offer,
    members: Sequence[Member],
    pool: Sequence[tuple[float, int]],
    *,
    pooled: int,
    now: float,
    is_first: bool,
) -> Outcome:
    """Return the outcome of an exchange. `pool` are the first buckets of the pool, `pooled` is the number of tokens in it.

    The number of tokens is constant. Tokens that no process accounts for are created again, usable a minute after their
    last call must have finished. Excess tokens, for example after the setting was lowered, are removed. With
    `is_first`, the budget was never used.
    """
    others = [member for member in members if member.worker != worker]
    is_lost = len(others) == len(members) and bool(offer.held or offer.back)
    permits = allot_permits(pace, worker, offer, others, now)
    put = Counter[float]() if is_lost else Counter(round_up(now + seconds) for seconds in offer.back)
    surplus = count_surplus(pace, worker, offer, members, pooled=pooled) - (len(offer.back) if is_lost else 0)
    if surplus < 0:
        put[round_up(now if is_first else now + pace.rest + pace.lost)] -= surplus
    left = sorted(put.items()) if is_first else list(pool)
    gone = _take(left, surplus)
    wanted = 0 if is_lost else max(0, offer.tokens)
    taken = _take([(at, n - gone[at]) for at, n in left if at <= now + offer.ahead], wanted)
    awake = [member for member in others if not member.is_quiet]
    all_permits = permits + sum(member.permits for member in awake)
    grant = Grant(
        tokens=[max(0.0, at - now) for at in sorted(taken.elements())],
        permits=permits,
        part=max(1 / (1 + len(awake)), permits / max(1, all_permits)),
        at=now,
        is_lost=is_lost,
    )
    member = Member(worker, max(offer.in_use, permits), offer.wants, offer.held + taken.total())
    return Outcome(grant, member, put, gone + taken)


def _take(buckets: Sequence[tuple[float, int]], wanted: int) -> Counter[float]:
    """Return the first `wanted` tokens by moment."""
    taken: Counter[float] = Counter()
    for at, count in buckets:
        if wanted <= 0:
            break
        if count > 0:
            taken[at] = min(count, wanted)
            wanted -= taken[at]
    return taken


SQL_LOCK = """
INSERT INTO fmp_limiter (budget) VALUES ($1) ON CONFLICT (budget) DO UPDATE SET budget = excluded.budget
RETURNING xmax = 0 AS is_first, clock_timestamp() AS now
"""
# an UPDATE and not only a lock, because the clock must be read after the other transactions
SQL_LOCK_USED = "UPDATE fmp_limiter SET budget = budget WHERE budget = $1 RETURNING clock_timestamp()"
# a row from the future was written before the clock was set back
SQL_MEMBERS = """
WITH gone AS (DELETE FROM fmp_limiter_worker WHERE budget = $1 AND worker <> $2
              AND expires_at NOT BETWEEN $3 AND $3::timestamptz + $4::interval)
SELECT worker, permits, wants, tickets, expires_at < $3::timestamptz + $5::interval AS is_quiet FROM fmp_limiter_worker
WHERE budget = $1 AND (worker = $2 OR expires_at BETWEEN $3 AND $3::timestamptz + $4::interval)
"""
SQL_POOLED = "SELECT coalesce(sum(tickets), 0)::int FROM fmp_limiter_ticket WHERE budget = $1"
SQL_FIRST = "SELECT usable_at, tickets FROM fmp_limiter_ticket WHERE budget = $1 ORDER BY usable_at LIMIT $2"
SQL_KEEP = """
INSERT INTO fmp_limiter_worker (budget, worker, permits, wants, tickets, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (budget, worker) DO UPDATE SET permits = excluded.permits, wants = excluded.wants,
  tickets = excluded.tickets, expires_at = excluded.expires_at
"""
SQL_PUT = """
INSERT INTO fmp_limiter_ticket AS t (budget, usable_at, tickets)
SELECT $1, p.usable_at, p.tickets FROM unnest($2::timestamptz[], $3::int[]) AS p (usable_at, tickets)
ON CONFLICT (budget, usable_at) DO UPDATE SET tickets = t.tickets + excluded.tickets
"""
SQL_TAKE = """
UPDATE fmp_limiter_ticket t SET tickets = t.tickets - p.tickets
FROM unnest($2::timestamptz[], $3::int[]) AS p (usable_at, tickets) WHERE t.budget = $1 AND t.usable_at = p.usable_at
"""
SQL_CLEAR = "DELETE FROM fmp_limiter_ticket WHERE budget = $1 AND usable_at = ANY($2::timestamptz[]) AND tickets = 0"
SQL_POSTPONE = """
WITH gone AS (DELETE FROM fmp_limiter_ticket WHERE budget = $1 RETURNING tickets)
SELECT coalesce(sum(tickets), 0)::int FROM gone
"""


class DatabaseTokenStore:
    """Tokens and permits of one budget, kept in PostgreSQL by its own clock; every step is one transaction."""

    def __init__(self, pool: Pool, budget: str) -> None:
        self._pool = pool
        self._budget = budget

    async def exchange_tokens(self, *, worker: str, pace: CallPace, offer: Offer) -> Grant:
        """See TokenStore; raises what the database raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(SQL_LOCK, self._budget)
            is_first, now = (False, datetime.now(UTC)) if row is None else (bool(row["is_first"]), row["now"])
            lease = timedelta(seconds=PERMIT_SECONDS)
            longest, quiet = lease + timedelta(seconds=1), lease - timedelta(seconds=QUIET_SECONDS)
            rows = await connection.fetch(SQL_MEMBERS, self._budget, worker, now, longest, quiet)
            members = [Member(*row) for row in rows]
            pooled = int(await connection.fetchval(SQL_POOLED, self._budget))
            surplus = max(0, count_surplus(pace, worker, offer, members, pooled=pooled))
            first = await connection.fetch(SQL_FIRST, self._budget, offer.tokens + surplus)
            outcome = decide_token_exchange(
                pace,
                worker,
                offer,
                members,
                [(row["usable_at"].timestamp(), row["tickets"]) for row in first],
                pooled=pooled,
                now=now.timestamp(),
                is_first=is_first,
            )
            own = outcome.member
            await connection.execute(SQL_KEEP, self._budget, worker, own.permits, own.wants, own.tokens, now + lease)
            await self._move(connection, outcome.put, outcome.taken)
        return outcome.grant

    async def leave(self, *, worker: str, pace: CallPace, back: Sequence[float]) -> None:
        """See TokenStore; raises what the database raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            now: datetime | None = await connection.fetchval(SQL_LOCK_USED, self._budget)
            if now is None:
                return
            gone = await connection.execute(
                "DELETE FROM fmp_limiter_worker WHERE budget = $1 AND worker = $2", self._budget, worker
            )
            if gone != "DELETE 0":
                put = Counter(round_up(now.timestamp() + seconds) for seconds in back)
                await self._move(connection, put, Counter())

    async def postpone(self, *, pace: CallPace) -> None:
        """See TokenStore; raises what the database raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            now: datetime | None = await connection.fetchval(SQL_LOCK_USED, self._budget)
            if now is None:
                return
            if tokens := int(await connection.fetchval(SQL_POSTPONE, self._budget)):
                await self._move(connection, Counter({round_up(now.timestamp() + pace.rest): tokens}), Counter())

    async def _move(self, connection: Connection, put: Counter[float], taken: Counter[float]) -> None:
        if put:
            await connection.execute(SQL_PUT, self._budget, *_split(put))
        if taken:
            moments, counts = _split(taken)
            await connection.execute(SQL_TAKE, self._budget, moments, counts)
            await connection.execute(SQL_CLEAR, self._budget, moments)


def _split(buckets: Counter[float]) -> tuple[list[datetime], list[int]]:
    return [datetime.fromtimestamp(at, UTC) for at in buckets], list(buckets.values())
