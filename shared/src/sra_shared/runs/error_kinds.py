"""Classifies errors of a unit: outages of the database are waited out, others count as attempts or are final."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Coroutine
from enum import Enum
from typing import Any, cast

import asyncpg

from sra_shared.kit.errors import (
    LeaseLostError,
    RetryableError,
    RunCancelledError,
    RunHeldError,
    RunParkedError,
    SraError,
)


class HandoverError(SraError):
    """This process is asked to stop; the unit is released for another worker."""


class ErrorKind(Enum):
    """Kinds of errors of a unit's work; if several occur together, the first of them decides."""

    INTERRUPTED = "interrupted"
    OUTAGE = "outage"
    TRANSIENT = "transient"
    FINAL = "final"
    UNEXPECTED = "unexpected"


_INTERRUPTIONS = (LeaseLostError, HandoverError, RunCancelledError, RunParkedError, RunHeldError)
_OUTAGE = (
    ConnectionError,
    socket.gaierror,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # raised by a server that fails over, or that its operator has made read-only because of a full disk
    asyncpg.ReadOnlySQLTransactionError,
)
_OUTAGE_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH}
_TRANSIENT = (
    RetryableError,
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.QueryCanceledError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)


def classify_error(error: BaseException) -> ErrorKind:
    """Return how an error is handled: the unit is interrupted, waits, is retried as an attempt, or fails."""
    if isinstance(error, _INTERRUPTIONS):
        return ErrorKind.INTERRUPTED
    if _is_outage(error):
        return ErrorKind.OUTAGE
    if isinstance(error, _TRANSIENT):
        return ErrorKind.TRANSIENT
    return ErrorKind.FINAL if isinstance(error, SraError) else ErrorKind.UNEXPECTED


def _is_outage(error: BaseException) -> bool:
    """Whether a server that is full, restarting or unreachable caused the error; the same work may succeed later."""
    if isinstance(error, asyncpg.QueryCanceledError):
        # a statement that timed out would time out again
        return False
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)
    return isinstance(error, _OUTAGE) or (isinstance(error, OSError) and error.errno in _OUTAGE_NUMBERS)


def choose_error(error: BaseException) -> BaseException:
    """Return the error that decides how the unit continues, also from nested groups."""
    leaves = _list_leaves(error)
    order = list(ErrorKind)
    return min(leaves, key=lambda leaf: order.index(classify_error(leaf)))


def _list_leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for part in error.exceptions for leaf in _list_leaves(part)]


async def run_in_own_task(work: Coroutine[Any, Any, None]) -> None:
    """Run the work in a separate task; raises CancelledError if the caller was cancelled, whatever the work ended with.

    A task group that is cancelled while a part of it fails raises the part's error instead. It may also leave the task that it
    is in counted as cancelled (Python 3.11), so that only the count of another task shows a cancellation.
    """
    caller = cast("asyncio.Task[Any]", asyncio.current_task())
    before = caller.cancelling()
    try:
        await asyncio.create_task(work)
    except Exception as error:
        if caller.cancelling() > before:
            raise asyncio.CancelledError from error
        raise
    if caller.cancelling() > before:
        raise asyncio.CancelledError
