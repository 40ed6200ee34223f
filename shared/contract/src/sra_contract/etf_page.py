"""Everything that an ETF's page shows."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from sra_contract.base import Subject, ViewModel, column
from sra_contract.security_types import ListedFundType


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EtfHolding(_Part):
    """One of the ten largest positions: weight as a fraction of the fund, value in nav_currency."""

    place: int
    symbol: str | None
    name: str | None
    isin: str | None
    weight: Decimal | None
    shares: Decimal | None
    market_value: Decimal | None


class SectorWeight(_Part):
    """The share of a sector, as a fraction of the fund."""

    sector: str
    weight: Decimal


class CountryWeight(_Part):
    """The share of a country, as a fraction of the fund."""

    country: str
    weight: Decimal


class EtfDistribution(_Part):
    """A dividend per share in the listing's currency: as delivered, and in shares of price_date."""

    ex_date: dt.date
    dividend: Decimal
    adjusted_dividend: Decimal | None
    declaration_date: dt.date | None
    record_date: dt.date | None
    payment_date: dt.date | None


class EtfPage(ViewModel):
    """One row per ETF and closed-end fund: profile, price, net asset value, cost, size, returns, yield, holdings, weights.

    A return is P(end) / P(start) - 1. The end is the newest close (return_date). The start is the last close on or before the
    end minus 7 days, 1, 3, 6, 12, 36, 60, 120 calendar months, or the last day of the former year. It is NULL if that close
    is more than 7 days older than required. The start of a return since inception is the first close, if it is within 7 days
    of inception_date. Returns over more than a year are annualised by 365.25 days over the actual distance of the two closes.
    Both closes are in today's shares (price_adjustment). return_* reinvest dividends on the ex-date if return_basis is
    total_return; price_return_* never do. The basis is total_return if a dividend up to the newest close is known. A return_*
    that includes a dividend without a close (see price_adjustment) is then NULL, and so are standard_deviation_*, sharpe_*
    and max_drawdown_*. All are NULL if currency_basis is doubtful. Returns are computed with 40 digits and rounded half up to
    six decimals (specification, section 5). price_return_1d is the quote's own change. The vendor's percentages (expense
    ratio, weights, price_return_1d) are fractions with all their digits.

    Risk covers the 12, 36 or 60 full calendar months before the newest close, each measured from the last close of the month
    before to its own last close. It is NULL if a month lacks a close in its last 7 days, or an index level or rate that the
    figure needs. standard_deviation_* is the sample standard deviation of the monthly returns times the square root of
    twelve. sharpe_* is the mean of the monthly returns less the 3-month Treasury yield, over the sample standard deviation of
    this difference, times the square root of twelve, in US dollars only. max_drawdown_* is the deepest fall below an earlier
    month end. beta_* is covariance over variance of the monthly changes of price and benchmark_index. upside_capture_* is the
    geometric mean change of the price over that of the index in the months in which the index rose, downside_capture_* in
    those in which it fell. Beta and capture exclude dividends.

    dividend_ttm sums the dividends by ex-date over the twelve months up to price_date in shares of that day, if the known
    dividends reach back that far; otherwise it is the vendor's yearly dividend. dividend_yield and dividend_yield_forward
    follow the rules of equity_metrics. No figure spans two securities or two currencies, by the rules of equity_metrics; risk
    over such a month is NULL. The vendor delivers no net asset value, cost, holdings or weights of a closed-end fund; they
    are NULL or empty. Holdings and weights are the newest complete lists. Not available from FMP for ETFs: rank and quartile
    in a category, alpha (which needs an index with dividends), and costs other than the expense ratio.
    """

    symbol: str = column()
    name: str | None = column()
    type: ListedFundType = column()
    exchange: str | None = column()
    currency: str | None = column("It is the listing's; nav_currency is the fund's.")
    is_active: bool = column()
    issuer: str | None = column()
    asset_class: str | None = column()
    domicile: str | None = column()
    isin: str | None = column()
    cusip: str | None = column()
    website: str | None = column()
    description: str | None = column()
    inception_date: dt.date | None = column()
    price: Decimal | None = column()
    price_date: dt.date | None = column()
    quoted_at: datetime | None = column()
    change: Decimal | None = column("NULL if the price is a close.")
    price_return_1d: Decimal | None = column("The quote's change, as delivered. NULL if the price is a close.")
    open: Decimal | None = column()
    day_low: Decimal | None = column()
    day_high: Decimal | None = column()
    previous_close: Decimal | None = column()
    year_low: Decimal | None = column()
    year_high: Decimal | None = column()
    price_avg50: Decimal | None = column()
    price_avg200: Decimal | None = column()
    volume: Decimal | None = column()
    average_volume: Decimal | None = column()
    navps: Decimal | None = column("For an ETF it is in nav_currency, which may differ from the currency of the row.")
    navps_date: dt.date | None = column("It is the day on which the vendor updated it.")
    nav_currency: str | None = column()
    expense_ratio: Decimal | None = column()
    assets_under_management: Decimal | None = column()
    holdings_count: int | None = column()
    beta: Decimal | None = column()
    dividend_ttm: Decimal | None = column()
    dividend_yield: Decimal | None = column()
    return_basis: Literal["total_return", "price_return"] = column()
    return_date: dt.date | None = column()
    return_1w: Decimal | None = column()
    return_1m: Decimal | None = column()
    return_3m: Decimal | None = column()
    return_6m: Decimal | None = column()
    return_ytd: Decimal | None = column()
    return_1y: Decimal | None = column()
    return_3y: Decimal | None = column()
    return_5y: Decimal | None = column()
    return_10y: Decimal | None = column()
    return_since_inception: Decimal | None = column()
    price_return_1w: Decimal | None = column()
    price_return_1m: Decimal | None = column()
    price_return_3m: Decimal | None = column()
    price_return_6m: Decimal | None = column()
    price_return_ytd: Decimal | None = column()
    price_return_1y: Decimal | None = column()
    price_return_3y: Decimal | None = column()
    price_return_5y: Decimal | None = column()
    price_return_10y: Decimal | None = column()
    price_return_since_inception: Decimal | None = column()
    standard_deviation_1y: Decimal | None = column()
    standard_deviation_3y: Decimal | None = column()
    standard_deviation_5y: Decimal | None = column()
    max_drawdown_1y: Decimal | None = column()
    max_drawdown_3y: Decimal | None = column()
    max_drawdown_5y: Decimal | None = column()
    holdings_date: dt.date | None = column("It is the day on which the vendor updated the holdings.")
    top_holdings: list[EtfHolding] = column()
    sector_weights: list[SectorWeight] = column()
    country_weights: list[CountryWeight] = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    distributions: list[EtfDistribution] = column("Announced ones are included.")
    benchmark_index: str | None = column()
    sharpe_1y: Decimal | None = column()
    sharpe_3y: Decimal | None = column()
    sharpe_5y: Decimal | None = column()
    beta_1y: Decimal | None = column()
    beta_3y: Decimal | None = column()
    beta_5y: Decimal | None = column()
    upside_capture_1y: Decimal | None = column()
    upside_capture_3y: Decimal | None = column()
    upside_capture_5y: Decimal | None = column()
    downside_capture_1y: Decimal | None = column()
    downside_capture_3y: Decimal | None = column()
    downside_capture_5y: Decimal | None = column()
    dividend_yield_forward: Decimal | None = column()
    currency_basis: Literal["assumed_listing", "doubtful"] = column()
    security_id: str = column()
    issuer_id: str | None = column()

    view_name: ClassVar[str] = "etf_page"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("symbol",)
