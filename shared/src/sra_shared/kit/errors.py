"""Errors, classified by what the caller does next.

Every error is one sentence that says what happened and to what, plus `next_step`: what to do about it.
"""

from __future__ import annotations

from datetime import datetime


class SraError(Exception):
    """Base of all our errors; `exit_code` is the documented exit code of a command that fails with it."""

    exit_code = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class ConfigError(SraError):
    """Settings are unset, contradictory or do not match this database; nothing was started."""

    exit_code = 5


class RetryableError(SraError):
    """The same attempt may succeed later; the run's retry policy decides."""


class FatalError(SraError):
    """A retry would fail in the same way."""


class LeaseLostError(SraError):
    """Another worker took this unit over; nothing of the open transaction may be committed."""


class RunCancelledError(SraError):
    """The run was cancelled; committed work is kept."""


class RunParkedError(SraError):
    """The source's quota is used up; the run resumes automatically at `until` (UTC)."""

    exit_code = 3

    def __init__(self, message: str, *, until: datetime, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.until = until


class RunHeldError(SraError):
    """The delivery looks wrong as a whole and waits for its release."""

    exit_code = 4


class RunBusyError(SraError):
    """Another living worker holds this run."""


class IdempotencyConflictError(SraError):
    """The same idempotency key was used with another body."""
