"""Classifies errors of a unit: outages of the database are waited out, others count as attempts or are final."""

from __future__ import annotations

import errno
import socket
from enum import Enum

import asyncpg

from sra_shared.errors import (
    LeaseLostError,
    RetryableError,
    RunCancelledError,
    RunHeldError,
    RunParkedError,
    SraError,
)


class HandoverError(SraError):
    """This process is asked to stop; the unit is released for another worker."""


class Kind(Enum):
    """Kinds of errors of a unit's work; if several occur together, the first of them decides."""

    SET_ASIDE = "set aside"
    TROUBLE = "trouble"
    TRANSIENT = "transient"
    FINAL = "final"
    UNEXPECTED = "unexpected"


_SET_ASIDE = (LeaseLostError, HandoverError, RunCancelledError, RunParkedError, RunHeldError)
_TROUBLE = (
    ConnectionError,
    socket.gaierror,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    # raised by a server that fails over, or that its operator has made read-only because of a full disk
    asyncpg.ReadOnlySQLTransactionError,
)
_TROUBLE_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH}
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


def classify_error(error: BaseException) -> Kind:
    """Return how an error is handled: the unit is set aside, waits, is retried as an attempt, or fails."""
    if isinstance(error, _SET_ASIDE):
        return Kind.SET_ASIDE
    if _is_trouble(error):
        return Kind.TROUBLE
    if isinstance(error, _TRANSIENT):
        return Kind.TRANSIENT
    return Kind.FINAL if isinstance(error, SraError) else Kind.UNEXPECTED


def _is_trouble(error: BaseException) -> bool:
    """Whether a server that is full, restarting or unreachable caused the error; the same work may succeed later."""
    if isinstance(error, asyncpg.QueryCanceledError):
        # a statement that timed out would time out again
        return False
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)
    return isinstance(error, _TROUBLE) or (isinstance(error, OSError) and error.errno in _TROUBLE_NUMBERS)


def choose_error(error: BaseException) -> BaseException:
    """Return the error that decides how the unit continues, also from nested groups."""
    leaves = _list_leaves(error)
    order = list(Kind)
    return min(leaves, key=lambda leaf: order.index(classify_error(leaf)))


def _list_leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for part in error.exceptions for leaf in _list_leaves(part)]
