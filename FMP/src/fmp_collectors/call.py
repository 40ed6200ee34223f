"""A call to the vendor that brought rows, as these name it, and what they were asked for by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Origin:
    """What a row was asked for by: the path of its source, the subject, and the values that the request gives to rows."""

    path: str
    subject: str
    defaults: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One call that brought rows: who made it, what it asked for, when it was answered, and what came.

    `parameters` never hold the key. `size` is in bytes and `digest` is BLAKE2b-256, both of the body after decompression.
    """

    call_id: int
    run_id: UUID
    path: str
    parameters: Mapping[str, str]
    answered_at: datetime
    status: int
    size: int
    digest: bytes
    rows: int
