"""A limit on connections, and a deadline for the head of a request; uvicorn has neither."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

from sra_shared.kit.logs import get_logger

_REPORT_EVERY = 60.0
_log = get_logger(__name__)


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 for clients that may be hostile.

    Beyond `most_connections`, a new connection replaces the one that has waited longest for a request, so that /health
    responds even if clients hold connections open. If all are busy, the new connection is closed at once. A connection
    whose request does not have its complete head within `head_seconds` is closed.
    """

    most_connections: ClassVar[int] = 256
    head_seconds: ClassVar[float] = 15.0
    _next_report: ClassVar[float] = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._waits_since: float | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def waits_since(self) -> float | None:
        """Since when the connection has waited for the head of a request; None during a request."""
        return self._waits_since

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait_for_head()
        if len(self.connections) > self.most_connections:
            others = (one for one in self.connections if one is not self)
            victim = find_longest_idle(cast("Iterable[GuardedProtocol]", others)) or self
            self._report_limit()
            victim.transport.abort()

    def _report_limit(self) -> None:
        # not once for each of thousands
        if self.loop.time() >= GuardedProtocol._next_report:
            GuardedProtocol._next_report = self.loop.time() + _REPORT_EVERY
            _log.warning("connections_over_limit", limit=self.most_connections)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.is_closing():
            self._stop_waiting()
        elif self._waits_since is None:
            self._wait_for_head()

    def on_response_complete(self) -> None:
        # before the call, since the head of the next request may have arrived already
        self._wait_for_head()
        super().on_response_complete()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._waits_since = self.loop.time()
        self._deadline = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        self._waits_since = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


def find_longest_idle(connections: Iterable[GuardedProtocol]) -> GuardedProtocol | None:
    """Return the connection that has waited longest for a request, None if all are busy."""
    waiting = [one for one in connections if one.waits_since is not None and not one.transport.is_closing()]
    return min(waiting, key=lambda one: one.waits_since or 0.0, default=None)
