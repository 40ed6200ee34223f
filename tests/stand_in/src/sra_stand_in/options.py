"""What a stand-in can be told at its start."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path


def today_utc() -> dt.date:
    """The day of the world where none is named."""
    return dt.datetime.now(dt.UTC).date()


PLANS = ("free", "starter", "premium", "ultimate")


@dataclass(frozen=True, slots=True)
class Options:
    """The size of the made-up world and how strict its doors are.

    `fmp_limit` and `bulk_limit` are calls in any 60 seconds, 0 for no limit. `fundata_tree` is a folder with `data/`
    and `quotes/` whose records the Fundata side serves instead of `funds` made-up ones.
    """

    securities: int = 200
    funds: int = 25
    seed: int = 7
    as_of: dt.date = field(default_factory=today_utc)
    plan: str = "ultimate"
    fmp_limit: int = 0
    bulk_limit: int = 0
    invalid_key: str = "invalid"
    fundata_tree: Path | None = None
    fundata_format: str = "csv"
    pending_polls: int = 1
    token_seconds: float = 3600.0
    link_seconds: float = 900.0
