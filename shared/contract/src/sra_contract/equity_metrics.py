"""Every figure of every listed equity, one row each: what the pages, lists and screens are made of."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, CURRENCY_BASIS, LAST_RUN, PERFORMANCE_BASIS, Col, ViewModel
from sra_contract.equity_fundamentals import MissingReason
from sra_contract.equity_quarter import Quarter

Amount = Annotated[Decimal | None, Col("currency of the row")]
Reported = Annotated[Decimal | None, Col("reported_currency")]
Fraction = Annotated[Decimal | None, Col("fraction")]
Ratio = Annotated[Decimal | None, Col("ratio")]


class EquityFigures(ViewModel):
    """The figures that stand on a company's own page and, for comparison, on the pages of its peers."""

    symbol: str = Field(description="Symbol.")
    name: str | None = Field(description="Company.")
    exchange: str | None = Field(description="Exchange.")
    sector: str | None = Field(description="Sector.")
    industry: str | None = Field(description="Industry.")
    currency: str | None = Field(description="Currency of the listing: of price, dividends and market capitalisation.")
    price: Amount = Field(description="Newest price: the last quote, or the last close where that is of a later day.")
    price_date: dt.date | None = Field(description="Day of the price, in New York.")
    change: Amount = Field(description="Change since the close before, vendor's; none where price is a close.")
    change_percentage: Annotated[Decimal | None, Col("percent")] = Field(description="The same in percent, vendor's.")
    market_cap: Amount = Field(description="Market capitalisation, vendor's: of the newest quote, else of the profile.")
    performance_basis: Literal["total_return", "price_return"] = Field(description=PERFORMANCE_BASIS)
    performance_date: dt.date | None = Field(description="Day of the newest close, at which every performance ends.")
    performance_1w: Fraction = Field(description="Performance over seven days.")
    performance_1m: Fraction = Field(description="Performance over one month.")
    performance_3m: Fraction = Field(description="Performance over three months.")
    performance_6m: Fraction = Field(description="Performance over six months.")
    performance_ytd: Fraction = Field(description="Performance since the former year's end.")
    performance_1y: Fraction = Field(description="Performance over one year.")
    performance_3y: Annotated[Decimal | None, Col("fraction a year")] = Field(
        description="Performance over three years, annualised."
    )
    performance_5y: Annotated[Decimal | None, Col("fraction a year")] = Field(
        description="Performance over five years, annualised."
    )
    valuation_basis: Literal["computed", "vendor"] | None = Field(
        description="Whether the valuation ratios are computed (price and statements in one currency) or the vendor's."
    )
    pe_ratio: Ratio = Field(description="Price / eps_diluted_ttm; none where earnings are not above zero.")
    price_to_book_ratio: Ratio = Field(
        description="market_cap / stockholders' equity; none where that is not above zero."
    )
    price_to_sales_ratio: Ratio = Field(description="market_cap / revenue_ttm.")
    ev_to_ebitda: Ratio = Field(description="enterprise_value / ebitda_ttm; none where EBITDA is not above zero.")
    dividend_yield: Fraction = Field(
        description="The newest regular dividends of a year / price; the vendor's yearly dividend / price where none is known."
    )
    reported_currency: str | None = Field(description="Currency of the statements.")
    fundamentals_basis: Literal["quarters", "half_years", "fiscal_year"] | None = Field(
        description="What *_ttm are: four quarters, two halves or a fiscal year, the newest that are twelve months."
    )
    fundamentals_date: dt.date | None = Field(
        description="Last day of those twelve months, and day of the balance sheet."
    )
    revenue_ttm: Reported = Field(description="Revenue of twelve months.")
    net_income_ttm: Reported = Field(description="Net income of twelve months.")
    eps_diluted_ttm: Reported = Field(description="Diluted earnings per share of twelve months, in today's shares.")
    free_cash_flow_ttm: Reported = Field(description="Operating cash flow less capital expenditure of twelve months.")
    revenue_growth: Fraction = Field(description="Revenue of the newest fiscal year against the year before, vendor's.")
    net_income_growth: Fraction = Field(description="Net income likewise, vendor's.")
    eps_growth: Fraction = Field(description="Diluted earnings per share likewise, vendor's.")
    gross_margin: Fraction = Field(description="Gross profit / revenue, twelve months.")
    operating_margin: Fraction = Field(description="Operating income / revenue, twelve months.")
    net_margin: Fraction = Field(description="Net income / revenue, twelve months.")
    return_on_equity: Fraction = Field(
        description="net_income_ttm / stockholders' equity; none where that is not above zero."
    )
    return_on_assets: Fraction = Field(description="net_income_ttm / total assets.")
    debt_to_equity_ratio: Ratio = Field(
        description="Total debt / stockholders' equity; none where that is not above zero."
    )
    net_debt_to_ebitda: Ratio = Field(description="Net debt / ebitda_ttm; none where EBITDA is not above zero.")
    current_ratio: Ratio = Field(description="Current assets / current liabilities.")
    altman_z_score: Annotated[Decimal | None, Col("score")] = Field(description="Altman Z-score, vendor's.")
    piotroski_score: Annotated[Decimal | None, Col("score, 0 to 9")] = Field(description="Piotroski F-score, vendor's.")


class EquityCore(EquityFigures):
    """All other figures of a company."""

    open: Amount = Field(description="First price of the day, of the newest quote.")
    day_low: Amount = Field(description="Lowest price of the day.")
    day_high: Amount = Field(description="Highest price of the day.")
    previous_close: Amount = Field(description="Close of the day before.")
    year_low: Amount = Field(description="Lowest price of 52 weeks, vendor's.")
    year_high: Amount = Field(description="Highest price of 52 weeks, vendor's.")
    price_avg50: Amount = Field(description="Mean close of 50 days, vendor's.")
    price_avg200: Amount = Field(description="Mean close of 200 days, vendor's.")
    volume: Annotated[Decimal | None, Col("shares")] = Field(description="Volume of the day.")
    quoted_at: datetime | None = Field(description="Moment of the newest quote, UTC.")
    price_return_1w: Fraction = Field(description="Change of the price over seven days.")
    price_return_1m: Fraction = Field(description="Change of the price over one month.")
    price_return_3m: Fraction = Field(description="Change of the price over three months.")
    price_return_6m: Fraction = Field(description="Change of the price over six months.")
    price_return_ytd: Fraction = Field(description="Change of the price since the former year's end.")
    price_return_1y: Fraction = Field(description="Change of the price over one year.")
    price_return_3y: Annotated[Decimal | None, Col("fraction a year")] = Field(
        description="Change of the price over three years, annualised."
    )
    price_return_5y: Annotated[Decimal | None, Col("fraction a year")] = Field(
        description="Change of the price over five years, annualised."
    )
    beta: Ratio = Field(description="Beta, vendor's.")
    dividend_ttm: Amount = Field(description="Dividends per share of twelve months, in today's shares.")
    enterprise_value: Amount = Field(description="market_cap + net debt, where the currencies agree.")
    free_cash_flow_yield: Fraction = Field(description="free_cash_flow_ttm / market_cap, where the currencies agree.")
    gross_profit_ttm: Reported = Field(description="Gross profit of twelve months.")
    operating_income_ttm: Reported = Field(description="Operating income of twelve months.")
    ebitda_ttm: Reported = Field(description="EBITDA of twelve months, vendor's.")
    eps_ttm: Reported = Field(description="Basic earnings per share of twelve months, in today's shares.")
    operating_cash_flow_ttm: Reported = Field(description="Operating cash flow of twelve months.")
    capital_expenditure_ttm: Reported = Field(description="Capital expenditure of twelve months, negative.")
    total_assets: Reported = Field(description="Total assets on fundamentals_date.")
    total_liabilities: Reported = Field(description="Total liabilities on fundamentals_date.")
    total_stockholders_equity: Reported = Field(description="Stockholders' equity on fundamentals_date.")
    cash_and_short_term_investments: Reported = Field(
        description="Cash and short-term investments on fundamentals_date."
    )
    total_debt: Reported = Field(description="Total debt on fundamentals_date.")
    net_debt: Reported = Field(description="Total debt less cash, vendor's, on fundamentals_date.")
    ebitda_margin: Fraction = Field(description="EBITDA / revenue, twelve months.")
    free_cash_flow_margin: Fraction = Field(description="Free cash flow / revenue, twelve months.")
    financial_leverage_ratio: Ratio = Field(
        description="Total assets / stockholders' equity; none where not above zero."
    )
    interest_coverage_ratio: Ratio = Field(description="EBIT / interest expense, twelve months.")
    quarterly_revenue_growth: Fraction = Field(
        description="Revenue of the newest quarter against that a year before; none where that was not above zero."
    )
    quarterly_earnings_growth: Fraction = Field(
        description="Net income of the newest quarter against that a year before; none where that was not above zero."
    )
    free_cash_flow_growth: Fraction = Field(description="Free cash flow of the newest fiscal year, vendor's.")
    growth_fiscal_year: Annotated[int | None, Col("fiscal year", "integer")] = Field(
        description="Fiscal year of the yearly growth figures."
    )
    quarters: list[Quarter] = Field(description="The newest four quarters as reported, newest first.")
    next_earnings_date: dt.date | None = Field(description="Day of the next report after price_date.")
    next_eps_estimated: Annotated[Decimal | None, Col("as the vendor gives it")] = Field(
        description="Earnings per share that are expected of it."
    )
    type: Literal["equity"] = Field(description="Kind of security.")
    is_active: bool = Field(description="Whether it is in the present universe.")
    country: str | None = Field(description="Country of the issuer, ISO 3166 alpha-2.")
    isin: str | None = Field(description="ISIN.")
    ceo: str | None = Field(description="Chief executive.")
    website: str | None = Field(description="Website.")
    description: str | None = Field(description="What the company does.")
    employees: Annotated[Decimal | None, Col("persons")] = Field(description="Full-time employees.")
    ipo_date: dt.date | None = Field(description="Day of the first listing.")
    peer_symbols: list[str] = Field(
        description="The vendor's peers that are listed equities here, in the vendor's order."
    )
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)


class ProfileDetails(ViewModel):
    """The rest of the vendor's profile of a company."""

    average_volume: Annotated[Decimal | None, Col("shares")] = Field(description="Mean volume of a day, vendor's.")
    cusip: str | None = Field(description="CUSIP.")
    cik: str | None = Field(description="Key of the company at the SEC.")
    address: str | None = Field(description="Street of the head office.")
    city: str | None = Field(description="City of the head office.")
    state: str | None = Field(description="State or province of the head office.")
    postal_code: str | None = Field(description="Postal code of the head office.")
    phone: str | None = Field(description="Telephone.")
    image: str | None = Field(description="Address of the logo.")


class RatioReason(ViewModel):
    """Why a company has no ratios of its own price and statements."""

    fundamentals_reason: Literal[MissingReason, "no_price", "too_old", "other_currency"] | None = Field(
        description="Why there are no twelve months, or no ratio is computed from them; NULL where ratios are computed."
    )


class DividendDetails(ViewModel):
    """What else is known of a listing's dividends."""

    dividend_yield_forward: Fraction = Field(description="The last regular dividend x payments a year / price.")
    currency_basis: Literal["assumed_listing", "doubtful"] = Field(description=CURRENCY_BASIS)


class EquityMetrics(DividendDetails, RatioReason, ProfileDetails, EquityCore):
    """One row per listed equity: profile, price, performance, valuation, twelve months of statements, growth, scores.

    Performance is P(end) / P(start) - 1: the end is the newest close, the start the last close on or before the end minus
    7 days, 1, 3, 6, 12, 36, 60 calendar months or the last day of the former year, NULL where that is over 7 days older than
    asked for. Three and five years are annualised by 365.25 days over the true distance of the two closes. Both closes are
    in today's shares (price_adjustment); performance_* reinvest dividends on the ex-date where performance_basis says
    total_return, price_return_* never do. It says so where a dividend up to the newest close is known. A performance_* over a
    dividend that cannot be placed (price_adjustment) is then NULL, and the others are not; all are NULL where currency_basis
    is doubtful. Computed with 40 digits, rounded half up to six decimals (specification, section 5). Ratios of price and
    statements are computed only where currency and reported_currency agree, else they are the vendor's for the newest fiscal
    year (fmp_ratio, fmp_key_metric), else NULL; all ratios are rounded likewise. A period
    that ended more than 548 days before price_date gives no ratio. fundamentals_reason says why no ratio is computed: that
    of equity_fundamentals where there are no twelve months, else no_price, too_old or other_currency; which periods are
    twelve months, equity_fundamentals says.
    enterprise_value is market_cap + net debt. dividend_ttm sums the dividends by ex-date over the twelve months up to
    price_date in today's shares, where those known reach back that far, else it is the vendor's yearly dividend.

    dividend_yield is the sum of the newest n regular payments up to price_date in today's shares / price. A payment is
    regular unless the vendor's frequency is Special, whatever its size. n is the frequency of the newest one: 12 Monthly,
    4 Quarterly, 2 Semi-Annual, 1 Annual. Regular payments of one ex-date are one payment. The yield is NULL where the
    frequency of one of the n is missing or another one, where fewer than n are known, and where the newest is over one and a
    half periods (18 / n months) old. dividend_yield_forward is n x the newest regular payment / price, by the same rules for
    that one alone. Where no payment is known, not even an announced one, dividend_yield is the vendor's yearly dividend /
    price. A currency_basis of doubtful leaves no yield. eps_ttm and eps_diluted_ttm sum the reported periods, each restated
    by the splits after its filing (IAS 33.64).
    """

    view_name: ClassVar[str] = "equity_metrics"
