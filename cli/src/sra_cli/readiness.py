"""Waits until services report that they are ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import httpx

from sra_shared.kit.errors import SraError
from sra_shared.kit.http import ExchangeError, send_request_blocking
from sra_shared.kit.texts import excerpt

_PAUSE = 0.15


class StoppedWaitingError(SraError):
    """Waiting was stopped on request."""


def wait_until_ready(
    urls: Mapping[str, str], *, seconds: float, stop: threading.Event, on_ready: Callable[[str], None]
) -> None:
    """Return when each service returns 200 on /ready; raises SraError that names the others with their responses.

    `urls` are addresses by the name of the service.
    """
    waiting = dict.fromkeys(urls, "it does not respond")
    deadline = time.monotonic() + seconds
    with httpx.Client(timeout=5, trust_env=False) as client:
        while waiting:
            for name in list(waiting):
                response = _check(client, urls[name])
                if response is None:
                    del waiting[name]
                    on_ready(name)
                else:
                    waiting[name] = response
            if not waiting:
                return
            if time.monotonic() > deadline:
                reasons = "; ".join(f"{name}: {response}" for name, response in waiting.items())
                raise SraError(
                    f"Not ready after {seconds:.0f} seconds: {reasons}.", next_step="Read the logs named above."
                )
            if stop.wait(_PAUSE):
                raise StoppedWaitingError("Stopped before the services were ready.")


def _check(client: httpx.Client, url: str) -> str | None:
    try:
        response = send_request_blocking(client, "GET", f"{url}/ready")
    except ExchangeError:
        return "it does not respond"
    reasons = excerpt(response.body[:2000].decode("utf-8", "replace"), 300)
    return None if response.is_success else f"status {response.status_code}, {reasons}"
