"""What code under test logs where no service has set its logs up: plain lines, which pytest shows of a test that fails."""

from __future__ import annotations

import logging

import structlog


def log_plainly() -> None:
    """Log from INFO on without colours, and tracebacks as Python writes them.

    The logger's own default draws every traceback with the source and the values of all its frames: seconds of a
    processor for each, in which the event loop of the test stands still.
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
