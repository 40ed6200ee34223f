"""The options of a stand-in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

PLANS = ("free", "starter", "premium", "ultimate")


@dataclass(frozen=True, slots=True)
class Options:
    """The size of the made-up world and how strict its doors are.

    `as_of` is the day of the world; None is today, and moves on at midnight UTC.
    `fmp_limit` and `bulk_limit` are calls in any `window_seconds`, 0 for no limit. `fundata_tree` is a folder with `data/`
    and `quotes/` whose records the Fundata side serves instead of `funds` made-up ones. `answers` is a folder of saved FMP
    responses that are served instead of made-up ones.
    """

    securities: int = 200
    funds: int = 25
    seed: int = 7
    as_of: dt.date | None = None
    plan: str = "ultimate"
    fmp_limit: int = 0
    bulk_limit: int = 0
    window_seconds: float = 60.0
    invalid_key: str = "invalid"
    fundata_tree: Path | None = None
    answers: Path | None = None
    fundata_format: str = "csv"
    pending_polls: int = 1
    token_seconds: float = 3600.0
    link_seconds: float = 900.0
