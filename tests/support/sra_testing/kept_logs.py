"""Captures what the code under test logs, in a service's format."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sra_shared.kit.logs import configure_logs


@contextmanager
def keep_logs() -> Iterator[list[dict[str, Any]]]:
    """At the end of the block, return what was logged in it, as the JSON objects that a service writes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    kept: list[dict[str, Any]] = []
    configure_logs(service="feature", stream=stream)
    try:
        yield kept
    finally:
        root.handlers, root.level = handlers, level
        kept.extend(json.loads(line) for line in stream.getvalue().splitlines())
