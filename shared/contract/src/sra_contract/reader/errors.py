"""Errors of the reader."""

from __future__ import annotations


class ReaderError(ValueError):
    """A request that cannot be answered as it is; the message says what to change."""


class UnknownColumnError(ReaderError):
    """A column that the model does not have, or that the request cannot use."""


class SeveralRowsError(ReaderError):
    """The columns of a request for one row do not identify one row."""


class CursorError(ReaderError):
    """A cursor that does not belong to the request."""
