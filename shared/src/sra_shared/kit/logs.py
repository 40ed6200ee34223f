"""Structured JSON logs on stderr, with the run in context; secrets are removed before anything is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TextIO

import structlog

_SECRET_NAMES = re.compile(r"(api_?key|token|password|secret|authorization|cookie)", re.IGNORECASE)
_PARAMETER = re.compile(r"((?:apikey|api_key|token|password|secret|key)=)[^&\s\"']+", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#\s]")
_SPACE = re.compile(r"\s")
_MOST_LOGGED = 65_536
_known_secrets: set[str] = set()


def hide_secrets(values: Iterable[str | None]) -> None:
    """Replace these exact texts in every log line from now on; texts under 8 characters are too common and ignored."""
    _known_secrets.update(value for value in values if value and len(value) >= 8)


def redact_text(text: str) -> str:
    """Return the text without known secrets, key parameters of URLs and passwords in addresses."""
    for secret in _known_secrets:
        text = text.replace(secret, "***")
    return _PARAMETER.sub(r"\1***", _hide_passwords(text))


def _hide_passwords(text: str) -> str:
    """Return the text without the passwords of addresses, `scheme://user:password@host`.

    Each search begins where the last one ended, so that the time is linear in the length of the text.
    """
    kept: list[str] = []
    done, start, at, space = 0, text.find("://"), -1, -1
    while start >= 0:
        begin = start + len("://")
        if at < begin:
            at = text.find("@", begin)
            if at < 0:
                break
        if space < begin:
            found = _SPACE.search(text, begin)
            space = found.start() if found else len(text)
        colon = text.find(":", begin, at)
        if at < space and begin <= colon < at - 1 and "/" not in text[begin:colon]:
            end = _find_end(text, colon, at)
            kept.append(f"{text[done : colon + 1]}***")
            done = begin = end
        start = text.find("://", begin)
    return "".join([*kept, text[done:]])


def _find_end(text: str, colon: int, at: int) -> int:
    """Return the end of the password: the last @ of the address's authority, since passwords may contain one."""
    found = _AUTHORITY_END.search(text, colon)
    last = text.rfind("@", colon, found.start() if found else len(text))
    return max(last, at)


def _redact_value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return "***" if _SECRET_NAMES.search(name) else redact_text(_cut(value))
    if isinstance(value, dict):
        return {key: _redact_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_value(name, inner) for inner in value]
    return value


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LOGGED else f"{text[:_MOST_LOGGED]}... ({len(text)} characters)"


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in list(event):
        event[name] = _redact_value(name, event[name])
    return event


def configure_logs(*, service: str, level: str = "INFO", form: str = "json", stream: TextIO | None = None) -> None:
    """Send all logs, including the libraries', to stderr: `form` is json or console; every line names the service."""
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
        # drops lines below the level before they cost anything
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger whose events take keyword fields."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
