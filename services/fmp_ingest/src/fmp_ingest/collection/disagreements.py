"""Disagreements between splits and closes: a split that no close shows, or a close that moved as by a split that is missing.

The full events of such a symbol are requested. Nothing else follows: only a response of the vendor changes data.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import asyncpg

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection

SPLIT_WITHOUT_JUMP = "split_without_jump"
JUMP_WITHOUT_SPLIT = "jump_without_split"

_NEAR_DAYS = 7
# a smaller ratio cannot be distinguished from a day's own moves
_SMALLEST_RATIO = Decimal("1.25")
_LARGEST_RATIO = 1_000_000
_HALF = Decimal("0.5")
# leaves room between whole ratios for the day's own move
_TOLERANCE = Decimal("0.03")
_RATIOS = ("1.5", "2", "3", "4", "5", "6", "7", "8", "10", "12", "15", "20", "25", "30", "40", "50", "100")
_USUAL_RATIOS = tuple(Decimal(ratio) for ratio in _RATIOS)
# below this price, one tick moves the price as much as a split
_LOWEST_PRICE, _LEAST_OF_LOW_PRICES = Decimal(1), Decimal(4)

SQL_SPLITS = compose(
    """
SELECT x.symbol, x.date, x.numerator, x.denominator, b.close AS before, b.date AS before_day, a.close AS after,
  a.date AS after_day
FROM fmp_split x
CROSS JOIN LATERAL (
  SELECT p.close, p.date FROM fmp_eod_price p WHERE p.symbol = x.symbol AND p.date < x.date
    AND p.date >= x.date - {near_days} AND p.close > 0 ORDER BY p.date DESC LIMIT 1
) b
CROSS JOIN LATERAL (
  SELECT p.close, p.date FROM fmp_eod_price p WHERE p.symbol = x.symbol AND p.date >= x.date
    AND p.date <= x.date + {near_days} AND p.close > 0 ORDER BY p.date LIMIT 1
) a
WHERE x.valid_to IS NULL AND x.date >= $1 AND x.symbol = ANY($2::text[]) AND x.numerator > 0 AND x.denominator > 0
ORDER BY x.symbol, x.date
""",
    near_days=_NEAR_DAYS,
)
# compares products: a quotient of the vendor's numbers may have more digits than a number can hold
SQL_JUMPS = compose(
    """
SELECT j.symbol, j.day AS after_day, j.before_day, j.before, j.after, (
    SELECT coalesce(sum(d.dividend), 0) FROM fmp_dividend d WHERE d.symbol = j.symbol AND d.valid_to IS NULL
      AND d.date > j.before_day AND d.date <= j.day) AS paid
FROM (
  SELECT p.symbol, p.date AS day, p.close AS after, lag(p.date) OVER days AS before_day, lag(p.close) OVER days AS before
  FROM fmp_eod_price p WHERE p.date >= $1::date - {near_days} AND p.symbol = ANY($2::text[]) AND p.close > 0
  WINDOW days AS (PARTITION BY p.symbol ORDER BY p.date)
) j
WHERE j.day >= $1 AND j.before_day >= j.day - {near_days} AND (j.before >= 1.4 * j.after OR j.after >= 1.4 * j.before)
  AND NOT EXISTS (SELECT FROM fmp_split x WHERE x.symbol = j.symbol AND x.valid_to IS NULL AND x.date > j.before_day
    AND x.date <= j.day)
ORDER BY j.symbol, j.day
""",
    near_days=_NEAR_DAYS,
)


@dataclass(frozen=True)
class Disagreement:
    """A symbol whose events and closes disagree; `reason` is for counting, `text` describes the finding."""

    symbol: str
    reason: str
    text: str


async def find_disagreements(connection: Connection, symbols: Collection[str], since: date) -> list[Disagreement]:
    """Return the disagreements since a day, ordered by symbol."""
    wanted = sorted(symbols)
    splits = [check_split(row) for row in await connection.fetch(SQL_SPLITS, since, wanted)]
    jumps = [check_jump(row) for row in await connection.fetch(SQL_JUMPS, since, wanted)]
    return sorted((one for one in (*splits, *jumps) if one is not None), key=lambda one: (one.symbol, one.text))


def check_split(row: asyncpg.Record) -> Disagreement | None:
    """Return a disagreement if the closes around a split moved by less than half of its ratio, in orders of magnitude."""
    ratio = row["numerator"] / row["denominator"]
    if not 1 / Decimal(_LARGEST_RATIO) <= ratio <= _LARGEST_RATIO or max(ratio, 1 / ratio) < _SMALLEST_RATIO:
        return None
    if (row["before"] / row["after"]).ln() / ratio.ln() >= _HALF:
        return None
    return Disagreement(
        row["symbol"],
        SPLIT_WITHOUT_JUMP,
        f"{row['symbol']}: its closes do not reflect the split {row['numerator'].normalize():f}:"
        f"{row['denominator'].normalize():f} of {row['date']}: {_describe_closes(row)}.",
    )


def check_jump(row: asyncpg.Record) -> Disagreement | None:
    """Return a disagreement if a close moved as by one of the usual splits, in either direction, net of the day's dividends."""
    before, after = row["before"], row["after"] + row["paid"]
    factor = max(before, after) / min(before, after)
    nearest = min(_USUAL_RATIOS, key=lambda ratio: abs(factor / ratio - 1))
    is_low = min(row["before"], row["after"]) < _LOWEST_PRICE and nearest < _LEAST_OF_LOW_PRICES
    if is_low or abs(factor / nearest - 1) > _TOLERANCE:
        return None
    split = f"{nearest}:1" if before > after else f"1:{nearest}"
    return Disagreement(
        row["symbol"],
        JUMP_WITHOUT_SPLIT,
        f"{row['symbol']}: its closes moved as if by a split {split}, but none is stored: {_describe_closes(row)}.",
    )


def _describe_closes(row: asyncpg.Record) -> str:
    return f"{row['before']} on {row['before_day']} and {row['after']} on {row['after_day']}"
