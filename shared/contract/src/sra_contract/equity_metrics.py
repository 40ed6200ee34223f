"""All figures of every listed equity, the source of pages, lists and screens."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
from sra_contract.equity_fundamentals import MissingReason
from sra_contract.equity_quarter import Quarter
from sra_contract.equity_valuation import ValuationBasis, ValuationDetails, ValuationReason
from sra_contract.security_types import EquityType


class EquityFigures(ViewModel):
    """The figures on a company's own page and, for comparison, on the pages of its peers."""

    symbol: str = column()
    name: str | None = column()
    exchange: str | None = column()
    sector: str | None = column()
    industry: str | None = column()
    currency: str | None = column("It is the listing's, for price, dividends and market capitalisation.")
    price: Decimal | None = column()
    price_date: dt.date | None = column()
    change: Decimal | None = column("NULL if the price is a close.")
    price_return_1d: Decimal | None = column("The quote's change, as delivered. NULL if the price is a close.")
    market_cap: Decimal | None = column()
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
    valuation_basis: ValuationBasis | None = column()
    pe_ratio: Decimal | None = column()
    pb_ratio: Decimal | None = column()
    ps_ratio: Decimal | None = column()
    ev_to_ebitda: Decimal | None = column()
    dividend_yield: Decimal | None = column()
    reported_currency: str | None = column()
    fundamentals_basis: Literal["quarters", "half_years", "fiscal_year"] | None = column()
    period_end_date: dt.date | None = column("It is also the day of the balance sheet.")
    revenue_ttm: Decimal | None = column()
    net_income_ttm: Decimal | None = column()
    eps_diluted_ttm: Decimal | None = column("Per share of the listing, in today's shares.")
    free_cash_flow_ttm: Decimal | None = column()
    revenue_growth: Decimal | None = column()
    net_income_growth: Decimal | None = column()
    eps_growth: Decimal | None = column()
    gross_margin: Decimal | None = column()
    operating_margin: Decimal | None = column()
    net_margin: Decimal | None = column()
    return_on_equity: Decimal | None = column()
    return_on_assets: Decimal | None = column()
    debt_to_equity_ratio: Decimal | None = column()
    net_debt_to_ebitda: Decimal | None = column()
    current_ratio: Decimal | None = column()
    altman_z_score: Decimal | None = column()
    piotroski_score: Decimal | None = column()


class EquityCore(EquityFigures):
    """All other figures of a company."""

    open: Decimal | None = column()
    day_low: Decimal | None = column()
    day_high: Decimal | None = column()
    previous_close: Decimal | None = column()
    year_low: Decimal | None = column()
    year_high: Decimal | None = column()
    price_avg50: Decimal | None = column()
    price_avg200: Decimal | None = column()
    volume: Decimal | None = column()
    quoted_at: datetime | None = column()
    price_return_1w: Decimal | None = column()
    price_return_1m: Decimal | None = column()
    price_return_3m: Decimal | None = column()
    price_return_6m: Decimal | None = column()
    price_return_ytd: Decimal | None = column()
    price_return_1y: Decimal | None = column()
    price_return_3y: Decimal | None = column()
    price_return_5y: Decimal | None = column()
    beta: Decimal | None = column()
    dividend_ttm: Decimal | None = column()
    enterprise_value: Decimal | None = column()
    free_cash_flow_yield: Decimal | None = column()
    gross_profit_ttm: Decimal | None = column()
    operating_income_ttm: Decimal | None = column()
    ebitda_ttm: Decimal | None = column()
    eps_ttm: Decimal | None = column("Per share of the listing, in today's shares.")
    operating_cash_flow_ttm: Decimal | None = column()
    capital_expenditure_ttm: Decimal | None = column()
    total_assets: Decimal | None = column()
    total_liabilities: Decimal | None = column()
    total_stockholders_equity: Decimal | None = column()
    cash_and_short_term_investments: Decimal | None = column()
    total_debt: Decimal | None = column()
    net_debt: Decimal | None = column()
    ebitda_margin: Decimal | None = column()
    free_cash_flow_margin: Decimal | None = column()
    financial_leverage_ratio: Decimal | None = column()
    interest_coverage_ratio: Decimal | None = column()
    quarterly_revenue_growth: Decimal | None = column()
    quarterly_earnings_growth: Decimal | None = column()
    free_cash_flow_growth: Decimal | None = column()
    growth_fiscal_year: int | None = column()
    quarters: list[Quarter] = column()
    next_earnings_date: dt.date | None = column()
    next_eps_estimated: Decimal | None = column()
    type: EquityType = column()
    is_active: bool = column()
    country: str | None = column()
    isin: str | None = column()
    ceo: str | None = column()
    website: str | None = column()
    description: str | None = column()
    employee_count: int | None = column()
    ipo_date: dt.date | None = column()
    peer_symbols: list[str] = column()
    as_of: datetime = column()
    last_run_id: UUID = column()


class ProfileDetails(ViewModel):
    """The rest of the vendor's profile of a company."""

    average_volume: Decimal | None = column()
    cusip: str | None = column()
    cik: str | None = column()
    address: str | None = column()
    city: str | None = column()
    state: str | None = column()
    postal_code: str | None = column()
    phone: str | None = column()
    image: str | None = column()


class RatioReason(ViewModel):
    """The reason why a company has no ratios of its price and statements."""

    fundamentals_reason: Literal[MissingReason, ValuationReason] | None = column(
        "Or why no ratio is computed from them."
    )


class DividendDetails(ViewModel):
    """Further details of a listing's dividends."""

    dividend_yield_forward: Decimal | None = column()
    currency_basis: Literal["assumed_listing", "doubtful"] = column()


class SecurityIds(ViewModel):
    """The permanent ids of the security and its issuer."""

    security_id: str = column()
    issuer_id: str | None = column()


class EquityMetrics(ValuationDetails, SecurityIds, DividendDetails, RatioReason, ProfileDetails, EquityCore):
    """One row per listed equity: profile, price, returns, valuation, twelve months of statements, growth, scores.

    A return is P(end) / P(start) - 1. The end is the newest close (return_date). The start is the last close on or before the end
    minus 7 days, 1, 3, 6, 12, 36, 60 calendar months, or the last day of the former year. It is NULL if that close is more than 7
    days older than required. Three and five years are annualised by 365.25 days over the actual distance of the two closes. Both
    closes are in today's shares (price_adjustment). return_* reinvest dividends on the ex-date if return_basis is total_return;
    price_return_* never do. The basis is total_return if a dividend up to the newest close is known. A return_* that includes a
    dividend without a close (see price_adjustment) is then NULL, and the others are not. All are NULL if currency_basis is
    doubtful. Returns are computed with 40 digits and rounded half up to six decimals (specification, section 5). price_return_1d
    is the quote's own change, the vendor's percentage as a fraction. All ratios are rounded likewise. A period that ended more
    than 548 days before price_date yields no ratio. fundamentals_reason states why no ratio is computed: the reason of
    equity_fundamentals if there are no twelve months, else no_price, too_old, currency_unknown, no_exchange_rate, no_share_count,
    no_market_cap or adr_basis_unknown. equity_fundamentals defines the twelve months.

    Ratios of price and statements depend on the number of shares. S (listed_shares) is the vendor's market capitalisation / price
    of one moment, from the newest quote or else the profile, in shares of price_date. It is NULL if it is more than 30 days from
    price_date; zero counts as missing. W (diluted_shares) is the number of diluted weighted shares of the last period. A period
    filed before a split may or may not be restated: among 1 and the splits since its filing, the factor that brings its shares
    nearest to S is used. W / S decides the valuation_basis. Within 0.8 to 1.25 it is price_eps: price / EPS. Over 1.25 it is
    market_cap_income for an ADR (isAdr of the profile): market_cap / income; for others market_cap is that of one class
    (market_cap_scope), the basis is price_eps, and the ratios with the capitalisation use price x W. Below 0.8 it is
    market_cap_income if S / W is within 5% of the ratio of a split of the listing, else price_eps, because shares were issued. An
    ADR within 0.8 to 1.25, or below without such a ratio, has adr_basis_unknown: the vendor's capitalisation may count the shares
    of the statements. If the maintained table share_basis has a share_ratio, it decides: if W / ratio is within 0.8 to 1.25 of S,
    the vendor is right, by price_eps or market_cap_income; otherwise the basis is share_basis, price / (ratio x EPS), and the
    capitalisation is price x W / ratio. eps_ttm and eps_diluted_ttm are the values used: price = pe_ratio x eps_diluted_ttm (x
    fx_rate) if both are shown.

    market_cap is S x price, so it matches the price shown. Income is after preferred dividends, equity without preferred stock
    and minority interests (equity_fundamentals). enterprise_value is the company's market cap + total debt + preferred stock +
    minority interests - cash and short-term investments. Banks and insurers, by the industry (Banks..., Insurance... except
    brokers), or the sector Financial Services without one, have no ev_to_ebitda. Statements in another currency enter at fx_rate,
    the last rates up to price_date, at most 7 days old, through the US dollar. Flows and balances deliberately use one rate: a
    ratio is then the same in either currency. vendor_* are the vendor's ratios of the fiscal year that ended on
    vendor_ratios_date. A preferred share, warrant, right, unit or note has no ratio: its price is not that of a common share, and
    the reason is not_common.

    No figure spans two securities or two currencies. A series begins on the day on which another security gave up the symbol, or
    on which the profile named another currency (currency_since of security_master). A return whose start is earlier is NULL. The
    same holds for the vendor's figures: change, price_return_1d and previous_close on that day, price_avg50 for 80 days,
    price_avg200 for 300, year_low and year_high for 366, beta for 1,827. After a change of currency dividend_ttm is NULL for 366
    days, and the yields for 550. dividend_ttm sums the dividends by ex-date over the twelve months up to price_date in today's
    shares, if the known dividends reach back that far; otherwise it is the vendor's yearly dividend.

    dividend_yield is the sum of the newest n regular payments up to price_date in today's shares / price. A payment is regular
    unless the vendor's frequency is Special, whatever its size. n is the frequency of the newest one: 12 Monthly, 4 Quarterly, 2
    Semi-Annual, 1 Annual. Regular payments of one ex-date are one payment. The yield is NULL if the frequency of one of the n is
    missing or different, if fewer than n are known, or if the newest is more than one and a half periods (18 / n months) old.
    dividend_yield_forward is n x the newest regular payment / price, by the same rules for that payment alone. If no payment is
    known, not even an announced one, dividend_yield is the vendor's yearly dividend / price. If currency_basis is doubtful, there
    is no yield.
    """

    view_name: ClassVar[str] = "equity_metrics"
    view_subject: ClassVar[Subject] = "Pages and lists"
    view_key: ClassVar[tuple[str, ...]] = ("symbol",)
