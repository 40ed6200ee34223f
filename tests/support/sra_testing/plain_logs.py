"""Logs of code under test without a service: plain lines, which pytest shows for a failed test."""

from __future__ import annotations

import logging

import structlog


def log_plainly() -> None:
    """Log from level INFO without colours, with tracebacks in Python's own format.

    The logger's default formats every traceback with the source and the values of all its frames. That takes seconds of CPU
    time each, during which the test's event loop is blocked.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
