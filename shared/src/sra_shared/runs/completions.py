"""Completion events for view_builder: stored with the run's end, and sent until acknowledged."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import asyncpg
import httpx

from sra_shared.kit.database.outbox import Outbox, OutboxTable
from sra_shared.kit.db import OUTAGE_ERRORS, Pool
from sra_shared.kit.http import ExchangeError, load_certificates, send_request
from sra_shared.kit.logs import get_logger
from sra_shared.kit.repeating import repeat_until_stopped
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming

_log = get_logger(__name__)
_TABLE = OutboxTable("completion_outbox", key="event_id", order="created_at, event_id")


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
            outbox = Outbox(_TABLE, lambda event: self._post(client, event), self._timing.send_backoff)

            async def send_due() -> None:
                while not self._stopping.is_set():
                    attempt = await outbox.send_next(self._pool, claim_seconds=self._timing.send_claim)
                    if attempt is None:
                        return
                    fields = {"run_id": str(attempt.message["run_id"]), "attempts": attempt.message["attempts"]}
                    if attempt.problem is None:
                        _log.info("completion_delivered", **fields)
                    else:
                        _log.warning("completion_not_acknowledged", error=attempt.problem, **fields)

            await repeat_until_stopped(
                self._stopping,
                send_due,
                lambda: self._timing.send_poll * random.uniform(0.8, 1.2),  # noqa: S311 - jitter, not a secret
                survives=(*OUTAGE_ERRORS, asyncpg.PostgresError),
                report=lambda error: _log.warning("outbox_unreachable", error_type=type(error).__name__),
            )

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
            response = await send_request(client, "POST", self._url, seconds=seconds, json=body, headers=self._headers)
        except ExchangeError as error:
            return f"view_builder does not respond ({error.cause})"
        return None if response.is_success else f"view_builder returned status {response.status_code}"
