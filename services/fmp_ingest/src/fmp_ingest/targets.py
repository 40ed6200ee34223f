"""Whom to ask for: the current universe, as a dataset wants it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fmp_collectors.dataset import Audience, Dataset, Scope, Targets
from fmp_collectors.records import EXCHANGES
from fmp_ingest.frontier import read_frontier, read_last_success
from fmp_ingest.sessions import cover_days
from sra_shared.db import Connection

SQL_UNIVERSE = """
SELECT symbol, exchange, coalesce(is_etf, false) AS is_etf, coalesce(is_etf, false) OR coalesce(is_fund, false) AS is_fund
FROM fmp_universe WHERE valid_to IS NULL ORDER BY symbol
"""
SQL_SESSIONS = """
SELECT DISTINCT session_date FROM market_session
WHERE session_date <= $1 AND close_at <= clock_timestamp() ORDER BY session_date
"""
_OVERLAP_SESSIONS = 5
_FIRST_SESSIONS = date(1950, 1, 1)


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
        if wanted is not None or _is_asked_for(dataset.audience, is_etf=row["is_etf"], is_fund=row["is_fund"]):
            by_exchange[row["exchange"]].append(row["symbol"])
    if wanted is not None:
        known = {symbol for symbols in by_exchange.values() for symbol in symbols}
        by_exchange = defaultdict(list, {code: symbols for code, symbols in by_exchange.items() if symbols})
        if unknown := sorted(set(wanted) - known):
            by_exchange["(asked)"] = unknown
    only = None if wanted is None else frozenset(wanted)
    today = today or datetime.now(UTC).date()
    given_first, given_last = _read_day(parameters.get("from")), _read_day(parameters.get("to"))
    last = given_last or today + timedelta(days=dataset.days_ahead)
    first = given_first or await _find_first(connection, dataset, min(last, today))
    has_sessions = any(source.scope is Scope.SESSION for source in dataset.sources)
    if not (has_sessions or dataset.is_stamped):
        return Targets(dict(by_exchange), first, last, only=only)
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


def _is_asked_for(audience: Audience, *, is_etf: bool, is_fund: bool) -> bool:
    # closed-end funds report as companies do
    return audience is Audience.ALL or (is_fund if audience is Audience.FUNDS else not is_etf)


async def _find_first(connection: Connection, dataset: Dataset, today: date) -> date:
    """Return the first day of ordinary work: so many days before the last success, however long ago that is."""
    success = await read_last_success(connection, dataset)
    return min(today, success or today) - timedelta(days=dataset.daily_days)


def _choose_sessions(done: list[date], frontier: date | None) -> list[date]:
    """Return the sessions from five before the last one that is complete on; without one, the newest as many."""
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
