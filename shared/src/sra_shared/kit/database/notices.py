"""Notifications on the queue's channel, which any role of the server can send to: only a hint to check the queue."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

from pgqueuer.domain.models import AnyEvent, HealthCheckEvent, TableChangedEvent
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import NotifyCallback
from pydantic import ValidationError

from sra_shared.kit.logs import get_logger

# our own are at most 170 characters long
_LONGEST = 400
_PAUSE_SECONDS = 0.1
_REPORT_SECONDS = 60.0
_log = get_logger(__name__)


class NoticeGate:
    """Reports that the queue changed, at most ten times a second, with our own payload.

    Other notifications have a constant cost, whatever their number. PgQueuer would keep each hint, log each unreadable text
    with a traceback, and stop the jobs that a cancellation names. Only its own probe of the channel is passed on unchanged,
    since it has no effect on anybody but its sender.
    """

    def __init__(self, channel: str, callback: NotifyCallback) -> None:
        self._channel = channel
        self._callback = callback
        self._waiting: asyncio.TimerHandle | None = None
        self._last_hint = self._last_report = -_REPORT_SECONDS
        self._foreign = 0

    def __call__(self, payload: str | bytes | bytearray) -> None:
        event = _read_event(payload)
        if isinstance(event, TableChangedEvent):
            self._wake()
        elif isinstance(event, HealthCheckEvent):
            self._callback(payload)
        else:
            self._count_foreign()

    def _wake(self) -> None:
        if self._waiting is not None:
            return
        pause = self._last_hint + _PAUSE_SECONDS - time.monotonic()
        if pause <= 0:
            self._pass_on()
        else:
            # the change may have happened after the last poll
            self._waiting = asyncio.get_running_loop().call_later(pause, self._pass_on)

    def _pass_on(self) -> None:
        self._waiting = None
        self._last_hint = time.monotonic()
        event = TableChangedEvent(
            channel=Channel(self._channel),
            sent_at=datetime.now(UTC),
            type="table_changed_event",
            operation="update",
            table="pgqueuer",
        )
        self._callback(event.model_dump_json())

    def _count_foreign(self) -> None:
        self._foreign += 1
        if time.monotonic() - self._last_report >= _REPORT_SECONDS:
            _log.warning("foreign_notifications_ignored", channel=self._channel, count=self._foreign)
            self._last_report, self._foreign = time.monotonic(), 0


def _read_event(payload: str | bytes | bytearray) -> object:
    if len(payload) > _LONGEST:
        return None
    try:
        return AnyEvent.model_validate_json(payload).root
    except ValidationError:
        return None
