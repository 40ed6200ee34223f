"""The process that reads and writes the files of the lake; it gets one order on stdin and prints one report.

It ends when its parent does, because the pipe to stdin closes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable

import asyncpg
from pydantic import BaseModel

from sra_shared.kit.errors import ConfigError, RetryableError, SraError
from sra_shared.kit.logs import configure_logs, redact_text
from view_builder.compile import compile_views
from view_builder.lake.cleaning import delete_orphans
from view_builder.lake.exchange import CheckOrder, CleanOrder, Failure, PublishOrder
from view_builder.lake.publisher import write_build
from view_builder.lake.tables import list_lake_tables
from view_builder.lake.verification import check_build
from view_builder.marts import MARTS


def publish(text: str) -> BaseModel:
    """Carry out a PublishOrder."""
    order = PublishOrder.model_validate_json(text)
    return asyncio.run(write_build(order, list_lake_tables(compile_views(MARTS))))


def clean(text: str) -> BaseModel:
    """Carry out a CleanOrder."""
    return delete_orphans(CleanOrder.model_validate_json(text))


def check(text: str) -> BaseModel:
    """Carry out a CheckOrder."""
    order = CheckOrder.model_validate_json(text)
    return asyncio.run(check_build(order, list_lake_tables(compile_views(MARTS))))


ORDERS: dict[str, Callable[[str], BaseModel]] = {"publish": publish, "clean": clean, "check": check}


def main() -> None:
    """Read the order, carry it out and print the report, or why it failed."""
    configure_logs(service="lake", level="WARNING")
    text = sys.stdin.readline()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    code = 0
    try:
        report: BaseModel = ORDERS[sys.argv[1]](text)
    except (SraError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        report, code = _describe(error), 1
    sys.stdout.write(report.model_dump_json() + "\n")
    sys.stdout.flush()
    # the thread waits for stdin, which an orderly end would wait for
    os._exit(code)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def _describe(error: Exception) -> Failure:
    if isinstance(error, SraError):
        is_retryable = isinstance(error, RetryableError)
        kind = "config" if isinstance(error, ConfigError) else "retryable" if is_retryable else "fatal"
        return Failure(kind=kind, message=redact_text(error.message), next_step=error.next_step)
    what = "The lake's storage" if isinstance(error, OSError) else "The database"
    return Failure(
        kind="retryable",
        message=f"{what} failed: {redact_text(str(error))}.",
        next_step="Check it and LAKE_URL; the lake is published when it works again.",
    )


if __name__ == "__main__":
    main()
