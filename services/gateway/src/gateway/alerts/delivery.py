"""The webhook and the queue of alerts for it: one message each, retried until the webhook accepts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from sra_shared.kit.database.outbox import Outbox, OutboxTable
from sra_shared.kit.db import Connection, Pool
from sra_shared.kit.http import Bound, ExchangeError, send_request
from sra_shared.kit.logs import get_logger, redact_text
from sra_shared.kit.retry import ALERT

_SECONDS = 10
# longer than the longest attempt
_CLAIM_SECONDS = 6 * _SECONDS
# Slack returns `ok`
_RESPONSE_BOUND = Bound.of(1 << 16)
log = get_logger(__name__)
_TABLE = OutboxTable("alert", key="alert_id", order="alert_id")


@dataclass(frozen=True)
class Webhook:
    """The address that alerts are sent to, and the base address of the pages that they link to."""

    url: str
    http: Callable[[], httpx.AsyncClient]
    public_url: str | None = None
    is_plain: bool = False

    def make_message(self, kind: str, lines: Sequence[str], path: str) -> dict[str, Any]:
        """Return a message with a link to the page at `path`.

        `text` has the form of Slack's incoming webhooks. With `is_plain`, the message has `kind`, `text` as it is, and
        `url`, which is null if the dashboard's address is not known.
        """
        text = "\n".join(redact_text(line) for line in lines)
        if self.is_plain:
            return {"kind": kind, "text": text, "url": f"{self.public_url}{path}" if self.public_url else None}
        for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(sign, name)
        place = f"{self.public_url}{path}" if self.public_url else f"{path} of the dashboard"
        return {"text": f"{text}\nSee {place}"}

    async def send(self, message: Mapping[str, Any]) -> str | None:
        """Send a message; return an error text, or None if the webhook accepted it."""
        try:
            async with self.http() as client:
                response = await send_request(
                    client,
                    "POST",
                    self.url,
                    bound=_RESPONSE_BOUND,
                    seconds=3 * _SECONDS,
                    json=message,
                    timeout=_SECONDS,
                )
        except ExchangeError as error:
            return redact_text(f"The webhook did not respond ({error.cause}).")
        return None if response.is_success else f"The webhook returned status {response.status_code}."


async def put_alert(
    connection: Connection, incident: str, kind: str, message: Mapping[str, Any], *, task_id: UUID | None = None
) -> None:
    """Queue a message unless one with this name was queued before."""
    await connection.execute(
        "INSERT INTO alert (incident, kind, task_id, message) VALUES ($1, $2, $3, $4) ON CONFLICT (incident) DO NOTHING",
        incident,
        kind,
        task_id,
        message,
    )


async def send_due_alerts(pool: Pool, webhook: Webhook) -> None:
    """Send all alerts that are due, oldest first, until one fails; several gateways share the queue."""
    outbox = Outbox(_TABLE, lambda alert: webhook.send(alert["message"]), ALERT)
    while (attempt := await outbox.send_next(pool, claim_seconds=_CLAIM_SECONDS)) is not None:
        alert, run_id = attempt.message, attempt.message["task_id"]
        fields = {"kind": alert["kind"], "incident": alert["incident"], **({"run_id": str(run_id)} if run_id else {})}
        if attempt.problem is not None:
            log.warning("alert_not_delivered", error=attempt.problem, **fields)
            return
        log.info("alert_delivered", **fields)
