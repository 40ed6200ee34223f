"""Made-up rows for endpoints that are only declared; `scripts/write_declared` writes their fields to declared.json."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sra_stand_in.fmp.universe import Security
from sra_stand_in.fmp.world import Row, World

DECLARED: Mapping[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("declared.json").read_text(encoding="utf-8")
)


def make_row(path: str, world: World, one: Security) -> Row:
    """The row of one listing: its own constants where a field is one of them, else a value that its name decides."""
    known = {"symbol": one.symbol, "exchange": one.exchange.code, "currency": one.currency, "companyName": one.name}
    day = dt.date.fromordinal(world.as_of)
    return {
        name: known.get(name, _make_value(kind, zlib.crc32(f"{path} {name} {one.symbol}".encode()), day))
        for name, kind in DECLARED[path]["fields"].items()
    }


def _make_value(kind: str, seed: int, day: dt.date) -> Any:
    return {
        "text": f"text {seed % 1000}",
        "number": seed % 100_000 / 100,
        "count": seed % 1000,
        "flag": bool(seed % 2),
        "day": (day - dt.timedelta(days=seed % 300 + 1)).isoformat(),
        "time": int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()) - 86_400,
    }[kind]
