"""Structured JSON logs on stderr, with the run bound by context and secrets taken out before anything is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog

_SECRET_NAMES = re.compile(r"(api_?key|token|password|secret|authorization|cookie)", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"((?:apikey|api_key|token|password|secret|key)=)[^&\s\"']+|(://[^:/@\s]+:)[^@\s]+(@)", re.IGNORECASE
)
_known_secrets: set[str] = set()


def hide_secrets(values: Iterable[str | None]) -> None:
    """Have these exact texts replaced in every log line from now on; under 8 characters they are too common for that."""
    _known_secrets.update(value for value in values if value and len(value) >= 8)


def redact_text(text: str) -> str:
    """Return the text without known secrets, key parameters of URLs and passwords in addresses."""
    for secret in _known_secrets:
        text = text.replace(secret, "***")
    return _IN_TEXT.sub(lambda m: f"{m[1]}***" if m[1] else f"{m[2]}***{m[3]}", text)


def _redact_value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return "***" if _SECRET_NAMES.search(name) else redact_text(value)
    if isinstance(value, dict):
        return {key: _redact_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_value(name, inner) for inner in value]
    return value


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in list(event):
        event[name] = _redact_value(name, event[name])
    return event


def configure_logs(*, service: str, level: str = "INFO", form: str = "json", stream: TextIO | None = None) -> None:
    """Send all logs, the libraries' too, to stderr: `form` is json or console; every line names the service."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger whose events take keyword fields."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
