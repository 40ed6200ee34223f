"""The webhook and the queue of alerts for it: one message each, retried until the webhook accepts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from sra_shared.db import Connection, Pool
from sra_shared.http import Bound, ExchangeError, send_request
from sra_shared.logs import get_logger, redact_text

_SECONDS = 10
# Slack answers `ok`
_ANSWER_BOUND = Bound.of(1 << 16)
log = get_logger(__name__)

SQL_CLAIM_ALERT = """
UPDATE alert SET attempts = attempts + 1,
  next_attempt_at = clock_timestamp() + least(interval '1 hour', interval '15 seconds' * 2 ^ least(attempts, 10))
WHERE alert_id = (SELECT alert_id FROM alert WHERE delivered_at IS NULL AND next_attempt_at <= clock_timestamp()
                  ORDER BY alert_id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING alert_id, kind, incident, task_id, message
"""


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
                answer = await send_request(
                    client, "POST", self.url, bound=_ANSWER_BOUND, seconds=3 * _SECONDS, json=message, timeout=_SECONDS
                )
        except ExchangeError as error:
            return redact_text(f"The webhook did not respond ({error.cause}).")
        return None if answer.is_success else f"The webhook returned status {answer.status_code}."


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
    while await _send_next(pool, webhook):
        pass


async def _send_next(pool: Pool, webhook: Webhook) -> bool:
    row = await pool.fetchrow(SQL_CLAIM_ALERT)
    if row is None:
        return False
    problem = await webhook.send(row["message"])
    await pool.execute(
        "UPDATE alert SET last_error = $2, delivered_at = CASE WHEN $2::text IS NULL THEN clock_timestamp() END"
        " WHERE alert_id = $1",
        row["alert_id"],
        problem,
    )
    fields = {"kind": row["kind"], "incident": row["incident"], **({"run_id": str(t)} if (t := row["task_id"]) else {})}
    if problem:
        log.warning("alert_not_delivered", error=problem, **fields)
        return False
    log.info("alert_delivered", **fields)
    return True
