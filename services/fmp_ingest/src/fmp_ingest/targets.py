"""Whom to ask for: the current universe, as a dataset wants it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fmp_collectors.dataset import Audience, Dataset, Targets
from fmp_collectors.records import EXCHANGES
from sra_shared.db import Connection

SQL_UNIVERSE = """
SELECT symbol, exchange, coalesce(is_etf, false) OR coalesce(is_fund, false) AS is_fund
FROM fmp_universe WHERE valid_to IS NULL ORDER BY symbol
"""


async def has_universe(connection: Connection) -> bool:
    """Whether any listing is stored."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM fmp_universe WHERE valid_to IS NULL)"))


async def read_targets(
    connection: Connection, dataset: Dataset, parameters: Mapping[str, Any], *, today: date | None = None
) -> Targets:
    """Return what to ask for; `symbols`, `from` and `to` of the run's parameters narrow it."""
    wanted: Collection[str] | None = parameters.get("symbols")
    by_exchange: dict[str, list[str]] = defaultdict(list, {code: [] for code in EXCHANGES})
    for row in await connection.fetch(SQL_UNIVERSE):
        if wanted is not None and row["symbol"] not in wanted:
            continue
        if dataset.audience is Audience.ALL or row["is_fund"] or wanted is not None:
            by_exchange[row["exchange"]].append(row["symbol"])
    if wanted is not None:
        known = {symbol for symbols in by_exchange.values() for symbol in symbols}
        by_exchange = defaultdict(list, {code: symbols for code, symbols in by_exchange.items() if symbols})
        if unknown := sorted(set(wanted) - known):
            by_exchange["(asked)"] = unknown
    last = _read_day(parameters.get("to")) or today or datetime.now(UTC).date()
    first = _read_day(parameters.get("from")) or last - timedelta(days=dataset.daily_days)
    return Targets(dict(by_exchange), first, last)


def _read_day(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def narrow_targets(targets: Targets, subjects: Collection[str] | None) -> Targets:
    """Keep what the given exchanges or symbols name; None and `all` keep everything."""
    if subjects is None or "all" in subjects:
        return targets
    kept = {
        code: list(symbols) if code in subjects else [symbol for symbol in symbols if symbol in subjects]
        for code, symbols in targets.symbols.items()
    }
    return Targets({code: symbols for code, symbols in kept.items() if symbols}, targets.first, targets.last)
