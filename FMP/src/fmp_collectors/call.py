"""A call to the vendor that returned rows, and the request that each row came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Origin:
    """The request that a row came from: the endpoint's path, the subject, and the values that the request adds to its rows."""

    path: str
    subject: str
    defaults: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One call that returned rows: its run, its request, the time of its response, and what the response held.

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
