"""The condition of an open reject; separate from the tables, which an idle service does not import."""

from __future__ import annotations

from typing import Final

REJECT_IS_OPEN: Final = "resolved_at IS NULL AND dismissed_at IS NULL"
"""True for an open reject: neither resolved by a replay nor dismissed by a person."""
