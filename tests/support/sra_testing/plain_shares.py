"""The shares that a price and the statements of a company count, in plain Python, for comparison with the views' SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

LEAST, MOST = Fraction(8, 10), Fraction(125, 100)


@dataclass(frozen=True)
class Period:
    """What a period's statement says per share."""

    filed: date
    shares: Fraction | None
    eps: Fraction | None
    income: Fraction
    revenue: Fraction


@dataclass(frozen=True)
class Stock:
    """A listing on a day; splits are new shares for one old, by their days."""

    day: date
    price: Fraction
    shares: Fraction | None
    is_adr: bool
    ratio: Fraction | None
    splits: Mapping[date, Fraction]
    periods: Sequence[Period]


@dataclass(frozen=True)
class Valuation:
    """What the view must say of a listing."""

    basis: str | None
    scope: str | None
    reason: str | None
    pe: Fraction | None = None
    price_to_sales: Fraction | None = None


def value_stock(stock: Stock) -> Valuation:
    """Return the basis of a listing's ratios and two of them."""
    found = [_convert_to_day(stock, period) for period in stock.periods]
    counted = found[-1][0]
    if counted is None:
        return Valuation(None, None, "no_market_cap" if stock.shares is None else "no_share_count")
    basis, scope, company = _choose_basis(stock, counted)
    if company is None:
        return Valuation(None, None, basis)
    earnings = [eps for _, eps in found]
    eps = None if None in earnings else sum((one for one in earnings if one is not None), Fraction(0))
    per_share = None if eps is None else eps * (stock.ratio or 1)
    if basis == "market_cap_income" and stock.shares is not None:
        per_share = sum((period.income for period in stock.periods), Fraction(0)) / stock.shares
    revenue = sum((period.revenue for period in stock.periods), Fraction(0))
    return Valuation(
        basis, scope, None, stock.price / per_share if per_share is not None and per_share > 0 else None,
        stock.price * company / revenue,
    )  # fmt: skip


def _convert_to_day(stock: Stock, period: Period) -> tuple[Fraction | None, Fraction | None]:
    """Return the shares and the earnings per share of a period in shares of the day; None where that cannot be decided."""
    factors = [Fraction(1)]
    for day in sorted(stock.splits, reverse=True):
        if period.filed < day <= stock.day:
            factors.append(factors[-1] * stock.splits[day])
    chosen: Fraction | None = factors[0]
    if len(factors) > 1:
        chosen = None
        if stock.shares is not None and period.shares is not None:
            target = stock.shares * (stock.ratio or 1)
            chosen = min(factors, key=lambda factor: _measure(period.shares or target, factor, target))
    if chosen is None:
        # of shares alone there is no question if none is since any filing
        return None, None
    return (
        None if period.shares is None else period.shares * chosen,
        None if period.eps is None else period.eps / chosen,
    )


def _measure(shares: Fraction, factor: Fraction, target: Fraction) -> Fraction:
    times = shares * factor / target
    return max(times, 1 / times)


def _choose_basis(stock: Stock, counted: Fraction) -> tuple[str, str | None, Fraction | None]:
    """Return basis or reason, what the capitalisation covers, and the shares of the company."""
    if stock.ratio is not None:
        if stock.shares is None or not LEAST <= counted / stock.ratio / stock.shares <= MOST:
            return "share_basis", "share_basis", counted / stock.ratio
        is_even = LEAST <= counted / stock.shares <= MOST
        return "price_eps" if is_even else "market_cap_income", "company", stock.shares
    if stock.shares is None:
        return "no_market_cap", None, None
    times = counted / stock.shares
    if times > MOST:
        return ("market_cap_income", "company", stock.shares) if stock.is_adr else ("price_eps", "class", counted)
    if times < LEAST and any(
        Fraction(95, 100) / times <= split <= Fraction(105, 100) / times
        for day, split in stock.splits.items()
        if day <= stock.day
    ):
        return "market_cap_income", "company", stock.shares
    return ("adr_basis_unknown", None, None) if stock.is_adr else ("price_eps", "company", stock.shares)
