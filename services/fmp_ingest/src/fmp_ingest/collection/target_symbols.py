"""The subjects of requests: the current universe, as a dataset needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fmp_collectors.dataset import Audience, FmpDataset, Scope, Targets
from fmp_collectors.records import EXCHANGES
from fmp_ingest.collection.currency_pairs import read_pairs
from fmp_ingest.collection.trading_sessions import cover_days
from fmp_ingest.collection.watermark import read_frontier, read_last_success
from sra_shared.kit.db import Connection

SQL_UNIVERSE = """
SELECT symbol, exchange, coalesce(is_etf, false) AS is_etf, coalesce(is_etf, false) OR coalesce(is_fund, false) AS is_fund
FROM fmp_universe WHERE valid_to IS NULL ORDER BY symbol
"""
# a symbol that is listed again is another security, and one that was renamed is found under its new symbol
SQL_DELISTED = """
SELECT d.symbol, max(d.delisted_date) AS ended FROM fmp_delisted d
WHERE d.delisted_date BETWEEN $1 AND $2
  AND NOT EXISTS (SELECT FROM fmp_universe u WHERE u.symbol = d.symbol AND u.valid_to IS NULL)
  AND NOT EXISTS (SELECT FROM fmp_symbol_change c WHERE c.old_symbol = d.symbol
                  AND c.date BETWEEN d.delisted_date - 30 AND d.delisted_date + 30)
GROUP BY d.symbol
"""
SQL_SESSIONS = """
SELECT DISTINCT session_date FROM market_session
WHERE session_date <= $1 AND close_at <= clock_timestamp() ORDER BY session_date
"""
# links of renames, and what follows from chains of them
SQL_ALIASES = """
SELECT symbol AS one, former_symbol AS other FROM fmp_symbol_alias
UNION SELECT new_symbol, old_symbol FROM fmp_symbol_change WHERE old_symbol <> new_symbol
"""
_OVERLAP_SESSIONS = 5
_FIRST_SESSIONS = date(1950, 1, 1)


async def has_universe(connection: Connection) -> bool:
    """Whether any listing is stored."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM fmp_universe WHERE valid_to IS NULL)"))


async def read_targets(
    connection: Connection, dataset: FmpDataset, parameters: Mapping[str, Any], *, today: date | None = None
) -> Targets:
    """Return what to request; `symbols`, `from` and `to` of the run's parameters narrow it."""
    targets = await _read_targets(connection, dataset, parameters, today or datetime.now(UTC).date())
    return replace(targets, aliases=await read_aliases(connection))


async def read_aliases(connection: Connection) -> dict[str, frozenset[str]]:
    """Return, by symbol, the other symbols of the same security."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in await connection.fetch(SQL_ALIASES):
        found[row["one"]].add(row["other"])
        found[row["other"]].add(row["one"])
    return {symbol: frozenset(others) for symbol, others in found.items()}


async def _read_targets(
    connection: Connection, dataset: FmpDataset, parameters: Mapping[str, Any], today: date
) -> Targets:
    wanted: Collection[str] | None = parameters.get("symbols")
    by_exchange: dict[str, list[str]] = defaultdict(list, {code: [] for code in EXCHANGES})
    for row in await connection.fetch(SQL_UNIVERSE):
        if wanted is not None and row["symbol"] not in wanted:
            continue
        if wanted is not None or is_requested_for(dataset.audience, is_etf=row["is_etf"], is_fund=row["is_fund"]):
            by_exchange[row["exchange"]].append(row["symbol"])
    if wanted is not None:
        known = {symbol for symbols in by_exchange.values() for symbol in symbols}
        by_exchange = defaultdict(list, {code: symbols for code, symbols in by_exchange.items() if symbols})
        if unknown := sorted(set(wanted) - known):
            by_exchange["(requested)"] = unknown
    only = None if wanted is None else frozenset(wanted)
    topics = await _read_topics(connection, dataset, only)
    given_first, given_last = _read_day(parameters.get("from")), _read_day(parameters.get("to"))
    newest = today + timedelta(days=dataset.days_ahead)
    # a backfill also skips the part of the current day that still moves
    last = newest if given_last is None or (dataset.days_ahead < 0 and newest < given_last) else given_last
    first = given_first or await _find_first(connection, dataset, min(last, today))
    again = None if given_first or not dataset.days_back else min(first, today - timedelta(days=dataset.days_back))
    has_sessions = any(endpoint.scope is Scope.SESSION for endpoint in dataset.endpoints)
    if not (has_sessions or dataset.is_stamped):
        return Targets(dict(by_exchange), first, last, only=only, again=again, topics=topics)
    await cover_days(connection, max(first, _FIRST_SESSIONS), min(last, today))
    done: list[date] = [row["session_date"] for row in await connection.fetch(SQL_SESSIONS, last)]
    if dataset.is_stamped:
        return Targets(dict(by_exchange), first, last, done[-1:], only)
    if given_first is not None:
        return Targets(dict(by_exchange), first, last, [day for day in done if day >= first], only)
    sessions = _choose_sessions(done, await read_frontier(connection, dataset, done))
    if sessions:
        first, last = sessions[0], given_last or sessions[-1]
    return Targets(dict(by_exchange), first, last, sessions, only)


async def _read_topics(
    connection: Connection, dataset: FmpDataset, only: frozenset[str] | None
) -> tuple[str, ...] | None:
    """Return the pairs of currencies if the dataset has any: those that the run names, or all that are needed."""
    if dataset.audience is not Audience.CURRENCIES:
        return None
    return await read_pairs(connection) if only is None else tuple(sorted(only))


async def has_delisted(connection: Connection) -> bool:
    """Whether any delisted company is stored."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM fmp_delisted)"))


async def read_delisted_targets(connection: Connection, first: date, last: date) -> Targets:
    """Return the companies that were delisted within these days, each with its last day of trading."""
    rows = await connection.fetch(SQL_DELISTED, first, last)
    ends = {row["symbol"]: row["ended"] for row in rows}
    return Targets({"(delisted)": sorted(ends)}, first, last, ends=ends)


def is_requested_for(audience: Audience, *, is_etf: bool, is_fund: bool) -> bool:
    """Whether a dataset of this audience is requested for such a listing."""
    # closed-end funds report as companies do
    return audience is Audience.ALL or (is_fund if audience is Audience.FUNDS else not is_etf)


async def _find_first(connection: Connection, dataset: FmpDataset, today: date) -> date:
    """Return the first day of ordinary work: `daily_days` before the last success, however long ago that is."""
    success = await read_last_success(connection, dataset)
    return min(today, success or today) - timedelta(days=dataset.daily_days)


def _choose_sessions(done: list[date], frontier: date | None) -> list[date]:
    """Return the sessions from five before the last complete one; without one, the same number of newest sessions."""
    known = [] if frontier is None else [day for day in done if day <= frontier]
    return done[max(0, len(known) - 1 - _OVERLAP_SESSIONS) :] if known else done[-_OVERLAP_SESSIONS - 1 :]


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
    return replace(targets, symbols={code: symbols for code, symbols in kept.items() if symbols})
