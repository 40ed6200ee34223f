"""The one rule of performance over standard horizons, for every series of prices: equities, ETFs, indices, funds.

Rule (specification, section 5): performance is P(end) / P(start) - 1, the start being the last price on or before the
target day, NULL if it is over 7 days older. The target is the end minus n calendar months, 7 days for a week, the last
day of the former quarter or year for those to date. Beyond a year the figure is annualised by 365.25 days over the true
distance of the two prices. The formulas themselves stand in `fragments`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sra_shared.views.closes import multiply_splits, select_close
from sra_shared.views.fragments import STALE_AFTER_DAYS, annualised, former_year_end, months_before, performance


@dataclass(frozen=True)
class Horizon:
    """A span that ends at the newest price; `name` is the ending of its column."""

    name: str
    months: int | None = None
    is_annualised: bool = False

    def target(self, end: str) -> str:
        """The day from which the performance counts, as SQL; `end` is the day of the newest price."""
        if self.months is not None:
            return months_before(end, self.months)
        return {
            "1d": f"({end} - 1)",
            "1w": f"({end} - 7)",
            "qtd": f"(date_trunc('quarter', {end}::timestamp)::date - 1)",
            "ytd": former_year_end(end),
        }[self.name]


HORIZONS = (
    Horizon("1w"),
    Horizon("1m", 1),
    Horizon("3m", 3),
    Horizon("6m", 6),
    Horizon("ytd"),
    Horizon("1y", 12),
    Horizon("3y", 36, is_annualised=True),
    Horizon("5y", 60, is_annualised=True),
)
TEN_YEARS = Horizon("10y", 120, is_annualised=True)


def starts_at(target: str) -> str:
    """A price `p` may be the start: it is of the target day, or at most 7 days older."""
    return f"p.date <= {target} AND p.date >= {target} - {STALE_AFTER_DAYS}"


def figure(horizon: Horizon, end: str, end_day: str, start: str) -> str:
    """The performance between two prices in the same shares; the start is that of `s<name>` (price, day)."""
    if horizon.is_annualised:
        return annualised(end, start, f"({end_day} - s{horizon.name}.day)")
    return performance(end, start)


def select_adjustment(symbol: str, day: str) -> str:
    """The factors by which a price of the day is divided to stand in today's shares; no row means by one."""
    return (
        "SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a"  # noqa: S608
        f" WHERE a.symbol = {symbol} AND a.date > {day} ORDER BY a.date LIMIT 1"
    )


def count_shares(day: str) -> str:
    """Shares of the day of the price `l` for one of another day: the factor of the events up to the newest close `e`, and the
    splits since, which show in a quote before they show in a close."""
    factor = f"SELECT f.split_factor FROM ({select_adjustment('s.symbol', day)}) f"  # noqa: S608 - our own names
    since = multiply_splits("s.symbol", f"greatest(e.day, {day})", "l.day")
    return f"(coalesce(({factor}), 1) * CASE WHEN e.day IS NULL OR l.day > e.day THEN {since} ELSE 1 END)"


def list_stored(horizons: tuple[Horizon, ...]) -> tuple[str, ...]:
    """When the closes behind the figures were stored."""
    return ("e.stored_at", *(f"s{horizon.name}.stored_at" for horizon in horizons))


def join_adjusted_start(horizon: Horizon, end_day: str) -> str:
    """Join the start of a listing's horizon as `s<name>`: its day, and its close in today's shares (`price`) and with all
    dividends since reinvested (`total`, NULL where one of them cannot be placed)."""
    return f"""LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM ({select_close("s.symbol", starts_at(horizon.target(end_day)))}) p
  LEFT JOIN LATERAL ({select_adjustment("s.symbol", "p.day")}) a ON true
) s{horizon.name} ON true"""  # noqa: S608 - fragments of this package


def list_returns(horizons: tuple[Horizon, ...], basis: str) -> str:
    """The columns performance_<name> (total return where `basis` is 'total_return') and price_return_<name>.

    Stands beside `join_adjusted_start` of each horizon and the newest close `e` (price, day).
    """
    columns = []
    for horizon in horizons:
        price = figure(horizon, "e.price", "e.day", f"s{horizon.name}.price")
        total = figure(horizon, "e.price", "e.day", f"s{horizon.name}.total")
        columns.append(
            f"CASE WHEN {basis} = 'total_return' THEN {total} ELSE {price} END AS performance_{horizon.name}"
        )
        columns.append(f"{price} AS price_return_{horizon.name}")
    return ",\n  ".join(columns)


def select_basis(end_day: str, oldest: Horizon) -> str:
    """Whether a listing's total return is known: dividends are, and all that count since the oldest start are placed."""
    since = f"{oldest.target(end_day)} - {STALE_AFTER_DAYS}"
    return f"""SELECT CASE WHEN coalesce(bool_or(a.dividend IS NOT NULL), false)
    AND NOT coalesce(bool_or(a.total_return_factor IS NULL AND a.date > {since}), false)
    THEN 'total_return' ELSE 'price_return' END AS basis, max(a.as_of) AS as_of
  FROM sra.price_adjustment a WHERE a.symbol = s.symbol"""  # noqa: S608 - fragments of this package
