"""Starts a service process: settings, logs, uvicorn, and an orderly shutdown on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.memory import share_arenas
from sra_shared.kit.settings import ServiceSettings, describe_settings_error
from sra_shared.service.connections import GuardedProtocol
from sra_shared.service.state import ServiceState

_DRAIN_SECONDS = 5


class _Server(uvicorn.Server):
    """Notifies the worker of a shutdown at once, while uvicorn still completes accepted requests."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]
        # Loaded objects live as long as the process. A full collection that traverses all of them again and again would
        # delay every request.
        gc.collect()
        gc.freeze()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        state: ServiceState | None = getattr(self._app.state, "service", None)
        if state is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(state.begin_shutdown)
        super().handle_exit(sig, frame)


def run_service(app: FastAPI, settings: ServiceSettings, *, name: str, host: str = "0.0.0.0") -> None:  # noqa: S104
    """Serve until SIGTERM or SIGINT, then finish or hand over the work in progress within 30 s and return."""
    configure_logs(service=name, level=settings.log_level, form=settings.log_format)
    config = uvicorn.Config(
        app,
        # uvloop reads up to 2 MB from a socket before the reader can pause it: with 48 large responses in flight, 250 MB
        loop="asyncio",
        http=GuardedProtocol,
        host=host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        # our own setting decides which proxies are trusted
        proxy_headers=False,
        date_header=True,
        lifespan="on",
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    # uvicorn raises the signal again after an orderly shutdown, which would look like a crash
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    server = _Server(config, app)
    server.run()
    if not server.started:
        sys.exit(1)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    return None


def start_service(build: Callable[[], tuple[FastAPI, ServiceSettings]], *, name: str, host: str = "0.0.0.0") -> None:  # noqa: S104
    """Build the application from the environment and serve it; invalid settings end the process with code 5.

    `--host` is the address to listen on instead of `host`.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--host", default=host, help="address to listen on [default: %(default)s]")
    chosen: str = parser.parse_known_args()[0].host
    share_arenas()
    try:
        app, settings = build()
    except ConfigError as error:
        sys.stderr.write(f"{name} does not start: {error}\n")
        sys.exit(error.exit_code)
    except ValidationError as error:
        sys.stderr.write(f"{name} does not start: {describe_settings_error(error)}\n")
        sys.exit(ConfigError.exit_code)
    run_service(app, settings, name=name, host=chosen)
