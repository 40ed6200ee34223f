"""An account used by one process alone, without a database: its tokens and quota are kept in memory."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fmp_collectors.call import Call
from fmp_ingest.client.call_records import Receipt, describe_call
from fmp_ingest.client.fmp_client import FmpAccount
from fmp_ingest.limiter.pace import CallPace
from fmp_ingest.limiter.token_pool import Grant, Member, Offer, decide_token_exchange, round_up
from fmp_ingest.limiter.vendor_quota import BANDWIDTH, BANDWIDTH_PAUSE, DAY, DAY_AFTER, make_park, next_midnight


class OwnTokenStore:
    """Tokens of one budget that no other process takes from; see TokenStore."""

    def __init__(self) -> None:
        self._pool: Counter[float] = Counter()
        self._member: Member | None = None
        self._is_used = False

    async def exchange_tokens(self, *, worker: str, pace: CallPace, offer: Offer) -> Grant:
        """Release and take tokens, in one step."""
        outcome = decide_token_exchange(
            pace,
            worker,
            offer,
            [self._member] if self._member else [],
            sorted(self._pool.items()),
            pooled=self._pool.total(),
            now=time.monotonic(),
            is_first=not self._is_used,
        )
        self._is_used = True
        self._pool = self._pool + outcome.put - outcome.taken
        self._member = outcome.member
        return outcome.grant

    async def leave(self, *, worker: str, pace: CallPace, back: Sequence[float]) -> None:
        """Release everything."""
        self._member = None
        self._pool += Counter(round_up(time.monotonic() + seconds) for seconds in back)

    async def postpone(self, *, pace: CallPace) -> None:
        """Make every token rest from now on."""
        self._pool = Counter({round_up(time.monotonic() + pace.rest): self._pool.total()})


class OwnQuota:
    """The account's limits as the vendor reported them to this process; see AccountQuota."""

    def __init__(self) -> None:
        self._limited_since: float | None = None

    async def check(self) -> bool:
        """Return False: nothing is known yet, so there is nothing to probe."""
        return False

    async def record_success(self) -> None:
        """Record that a call returned data."""
        self._limited_since = None

    async def record_limit(self) -> None:
        """Record that a call met the limit; raises RunParkedError if it must be the day's limit."""
        if self._limited_since is None:
            self._limited_since = time.monotonic()
        if time.monotonic() - self._limited_since >= DAY_AFTER / timedelta(seconds=1):
            raise make_park(DAY, next_midnight(datetime.now(UTC)))

    async def record_bandwidth(self) -> None:
        """Record that the 30-day bandwidth is used up; raises RunParkedError."""
        raise make_park(BANDWIDTH, datetime.now(UTC) + BANDWIDTH_PAUSE)


class OwnNumbers:
    """Numbers for calls that no table records."""

    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id
        self._numbers = itertools.count(1)

    async def make_call(self, path: str, parameters: Mapping[str, str], receipt: Receipt) -> Call:
        """Return the numbered record of a call."""
        return describe_call(next(self._numbers), self._run_id, path, parameters, receipt)


def own_account(run_id: UUID) -> FmpAccount:
    """Return an account whose calls no other process makes meanwhile."""
    return FmpAccount(lambda _: OwnTokenStore(), OwnQuota(), OwnNumbers(run_id))
