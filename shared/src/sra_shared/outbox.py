"""Completions on their way to view_builder: stored with the run's end, and sent until acknowledged."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from sra_shared.db import OUTAGE_ERRORS, Pool
from sra_shared.http import ExchangeError, load_certificates, send_request
from sra_shared.logs import get_logger
from sra_shared.timing import DEFAULT_TIMING, LeaseTiming

_log = get_logger(__name__)

SQL_CLAIM = """
UPDATE completion_outbox AS event
SET attempts = event.attempts + 1, next_attempt_at = clock_timestamp() + $1::interval
FROM (
    SELECT event_id FROM completion_outbox
    WHERE delivered_at IS NULL AND next_attempt_at <= clock_timestamp()
    ORDER BY created_at, event_id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS due
WHERE event.event_id = due.event_id
RETURNING event.event_id, event.run_id, event.source, event.datasets, event.attempts
"""


class CompletionSender:
    """Sends every unacknowledged completion at least once, from any number of replicas.

    A replica claims an event for `timing.send_claim` before it sends it. If the replica dies, the event is due again
    afterwards. The table is polled every `timing.send_poll`, so that a missed notification does no harm.
    """

    def __init__(
        self,
        *,
        pool: Pool,
        url: str,
        token: str | None,
        timing: LeaseTiming = DEFAULT_TIMING,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`url` is view_builder's base address; `token` is the service token, sent as a header only."""
        self._pool = pool
        self._timing = timing
        self._stopping = asyncio.Event()
        self._url = f"{url.rstrip('/')}/completions"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transport = transport

    def stop(self) -> None:
        """Send nothing more; unsent events remain for the next start."""
        self._stopping.set()

    async def run(self) -> None:
        """Send until `stop` is called; waits out outages of the database and of the receiver."""
        async with httpx.AsyncClient(
            timeout=self._timing.send_timeout, transport=self._transport, verify=load_certificates(), trust_env=False
        ) as client:
            while not self._stopping.is_set():
                try:
                    while not self._stopping.is_set() and await self._send_next(client):
                        pass
                except (*OUTAGE_ERRORS, asyncpg.PostgresError) as error:
                    _log.warning("outbox_unreachable", error_type=type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._timing.send_poll * random.uniform(0.8, 1.2))  # noqa: S311

    async def _send_next(self, client: httpx.AsyncClient) -> bool:
        """Claim the oldest due event and send it; return whether there was one."""
        event = await self._pool.fetchrow(SQL_CLAIM, timedelta(seconds=self._timing.send_claim))
        if event is None:
            return False
        problem = await self._post(client, event)
        if problem is None:
            await self._pool.execute(
                "UPDATE completion_outbox SET delivered_at = clock_timestamp(), last_error = NULL WHERE event_id = $1",
                event["event_id"],
            )
            _log.info("completion_delivered", run_id=str(event["run_id"]), attempts=event["attempts"])
            return True
        await self._postpone(event["event_id"], event["attempts"], problem)
        _log.warning(
            "completion_not_acknowledged", run_id=str(event["run_id"]), attempts=event["attempts"], error=problem
        )
        return True

    async def _post(self, client: httpx.AsyncClient, event: asyncpg.Record) -> str | None:
        """Return None if the receiver acknowledged the event, else its error."""
        body: dict[str, Any] = {
            "event_id": str(event["event_id"]),
            "run_id": str(event["run_id"]),
            "source": event["source"],
            "datasets": event["datasets"],
        }
        try:
            seconds = 3 * self._timing.send_timeout
            answer = await send_request(client, "POST", self._url, seconds=seconds, json=body, headers=self._headers)
        except ExchangeError as error:
            return f"view_builder does not respond ({error.cause})"
        return None if answer.is_success else f"view_builder answered {answer.status_code}"

    async def _postpone(self, event_id: UUID, attempts: int, problem: str) -> None:
        longest = min(self._timing.longest_send_pause, self._timing.send_pause * 2.0 ** min(attempts - 1, 10))
        delay = timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        await self._pool.execute(
            "UPDATE completion_outbox SET next_attempt_at = clock_timestamp() + $2::interval, last_error = $3"
            " WHERE event_id = $1 AND delivered_at IS NULL",
            event_id,
            delay,
            problem,
        )
