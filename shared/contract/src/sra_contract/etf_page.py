"""All that an ETF's page shows."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from sra_contract.base import AS_OF, CURRENCY_BASIS, LAST_RUN, PERFORMANCE_BASIS, Col, ViewModel

Amount = Annotated[Decimal | None, Col("currency of the row")]
OfFund = Annotated[Decimal | None, Col("nav_currency")]
Fraction = Annotated[Decimal | None, Col("fraction")]
Yearly = Annotated[Decimal | None, Col("fraction a year")]
Percent = Annotated[Decimal | None, Col("percent")]
Ratio = Annotated[Decimal | None, Col("ratio")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EtfHolding(_Part):
    """One of the ten largest positions: weight in percent of the fund, value in nav_currency."""

    place: int
    symbol: str | None
    name: str | None
    isin: str | None
    weight_percent: Decimal | None
    shares: Decimal | None
    market_value: Decimal | None


class SectorWeight(_Part):
    """The share of a sector in percent of the fund."""

    sector: str
    weight_percent: Decimal


class CountryWeight(_Part):
    """The share of a country in percent of the fund."""

    country: str
    weight_percent: Decimal


class EtfDistribution(_Part):
    """A dividend per share in the listing's currency: as delivered, and in shares of price_date. `date` is the ex-date."""

    date: dt.date
    dividend: Decimal
    adjusted_dividend: Decimal | None
    declaration_date: dt.date | None
    record_date: dt.date | None
    payment_date: dt.date | None


class EtfPage(ViewModel):
    """One row per listed ETF: profile, price, net asset value, cost, size, performance, yield, holdings, weights.

    Performance is P(end) / P(start) - 1: the end is the newest close, the start the last close on or before the end minus
    7 days, 1, 3, 6, 12, 36, 60, 120 calendar months or the last day of the former year, NULL where that is over 7 days older
    than asked for; since inception the start is the first close, known where it lies within 7 days of inception_date. Beyond
    a year figures are annualised by 365.25 days over the true distance of the two closes. Both closes are in today's shares
    (price_adjustment); performance_* reinvest dividends on the ex-date where performance_basis says total_return,
    price_return_* never do. It says so where a dividend up to the newest close is known. A performance_* over a dividend that
    cannot be placed is then NULL, and so are standard_deviation_*, sharpe_* and max_drawdown_* over one; all are NULL where
    currency_basis is doubtful. Computed with 40 digits, rounded half up to six decimals (specification, section 5).
    Risk is over the 12, 36 or 60 full calendar months before the newest close, each from last close to last close of a
    month; NULL where a month lacks a close in its last 7 days, or an index level or rate that the figure needs.
    standard_deviation_* is the sample standard deviation of the monthly performances, sharpe_* the mean of those less the
    3-month Treasury yield over their sample standard deviation, in US dollars only, both times the square root of twelve;
    max_drawdown_* the deepest fall below a former month's end. beta_* is covariance over variance of the monthly changes of
    price and benchmark_index, capture the geometric mean change of the price over that of the index in the months in which
    the index rose or fell, all without dividends. dividend_ttm sums the dividends by ex-date over the twelve months up to
    price_date in shares of that day, where those known reach back that far, else it is the vendor's yearly dividend.
    dividend_yield and dividend_yield_forward follow the rules of equity_metrics.
    Holdings and weights are the newest complete lists. Not filled, since FMP gives no such thing for an ETF: rank and
    quartile in a category, alpha (which needs an index with dividends), and costs beside the expense ratio.
    """

    symbol: str = Field(description="Symbol.")
    name: str | None = Field(description="Name of the fund.")
    type: Literal["etf"] = Field(description="Kind of security.")
    exchange: str | None = Field(description="Exchange.")
    currency: str | None = Field(description="Currency of the listing: of prices and dividends.")
    is_active: bool = Field(description="Whether it is in the present universe.")
    issuer: str | None = Field(description="Company behind the fund.")
    asset_class: str | None = Field(description="Asset class, in the vendor's words.")
    domicile: str | None = Field(description="Domicile, ISO 3166 alpha-2.")
    isin: str | None = Field(description="ISIN.")
    cusip: str | None = Field(description="CUSIP.")
    website: str | None = Field(description="Website.")
    description: str | None = Field(description="What the fund does.")
    inception_date: dt.date | None = Field(description="First day of the fund.")
    price: Amount = Field(description="Newest price: the last quote, or the last close where that is of a later day.")
    price_date: dt.date | None = Field(description="Day of the price, in New York.")
    quoted_at: datetime | None = Field(description="Moment of the newest quote, UTC.")
    change: Amount = Field(description="Change since the close before, vendor's; none where price is a close.")
    change_percentage: Percent = Field(description="The same in percent, vendor's.")
    open: Amount = Field(description="First price of the day.")
    day_low: Amount = Field(description="Lowest price of the day.")
    day_high: Amount = Field(description="Highest price of the day.")
    previous_close: Amount = Field(description="Close of the day before.")
    year_low: Amount = Field(description="Lowest price of 52 weeks, vendor's.")
    year_high: Amount = Field(description="Highest price of 52 weeks, vendor's.")
    price_avg50: Amount = Field(description="Mean close of 50 days, vendor's.")
    price_avg200: Amount = Field(description="Mean close of 200 days, vendor's.")
    volume: Annotated[Decimal | None, Col("shares")] = Field(description="Volume of the day.")
    average_volume: Annotated[Decimal | None, Col("shares")] = Field(description="Mean volume of a day, vendor's.")
    nav: OfFund = Field(description="Net asset value per share.")
    nav_date: dt.date | None = Field(description="Day on which the vendor brought it up to date.")
    nav_currency: str | None = Field(description="Currency of nav, assets and the values of holdings.")
    expense_ratio_percent: Annotated[Decimal | None, Col("percent a year")] = Field(
        description="Yearly cost in percent of the assets, vendor's: 0.09 is nine hundredths of a percent."
    )
    assets_under_management: OfFund = Field(description="Assets of the fund.")
    holdings_count: Annotated[Decimal | None, Col("positions")] = Field(
        description="Positions in the newest list of holdings, else the vendor's count."
    )
    beta: Ratio = Field(description="Beta, vendor's.")
    dividend_ttm: Amount = Field(description="Dividends per share of twelve months, in today's shares.")
    dividend_yield: Fraction = Field(
        description="The newest regular dividends of a year / price; the vendor's yearly dividend / price where none is known."
    )
    performance_basis: Literal["total_return", "price_return"] = Field(description=PERFORMANCE_BASIS)
    performance_date: dt.date | None = Field(description="Day of the newest close, at which every performance ends.")
    performance_1w: Fraction = Field(description="Performance over seven days.")
    performance_1m: Fraction = Field(description="Performance over one month.")
    performance_3m: Fraction = Field(description="Performance over three months.")
    performance_6m: Fraction = Field(description="Performance over six months.")
    performance_ytd: Fraction = Field(description="Performance since the former year's end.")
    performance_1y: Fraction = Field(description="Performance over one year.")
    performance_3y: Yearly = Field(description="Performance over three years, annualised.")
    performance_5y: Yearly = Field(description="Performance over five years, annualised.")
    performance_10y: Yearly = Field(description="Performance over ten years, annualised.")
    performance_inception: Fraction = Field(description="Performance since inception, annualised beyond a year.")
    price_return_1w: Fraction = Field(description="Change of the price over seven days.")
    price_return_1m: Fraction = Field(description="Change of the price over one month.")
    price_return_3m: Fraction = Field(description="Change of the price over three months.")
    price_return_6m: Fraction = Field(description="Change of the price over six months.")
    price_return_ytd: Fraction = Field(description="Change of the price since the former year's end.")
    price_return_1y: Fraction = Field(description="Change of the price over one year.")
    price_return_3y: Yearly = Field(description="Change of the price over three years, annualised.")
    price_return_5y: Yearly = Field(description="Change of the price over five years, annualised.")
    price_return_10y: Yearly = Field(description="Change of the price over ten years, annualised.")
    price_return_inception: Fraction = Field(
        description="Change of the price since inception, annualised beyond a year."
    )
    standard_deviation_1y: Yearly = Field(description="Standard deviation over one year, annualised.")
    standard_deviation_3y: Yearly = Field(description="Standard deviation over three years, annualised.")
    standard_deviation_5y: Yearly = Field(description="Standard deviation over five years, annualised.")
    max_drawdown_1y: Fraction = Field(description="Deepest fall over one year, zero or negative.")
    max_drawdown_3y: Fraction = Field(description="Deepest fall over three years, zero or negative.")
    max_drawdown_5y: Fraction = Field(description="Deepest fall over five years, zero or negative.")
    holdings_date: dt.date | None = Field(description="Day on which the vendor brought the holdings up to date.")
    top_holdings: list[EtfHolding] = Field(description="The ten largest positions, largest first.")
    sector_weights: list[SectorWeight] = Field(description="Weights by sector, largest first.")
    country_weights: list[CountryWeight] = Field(description="Weights by country, largest first.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)
    distributions: list[EtfDistribution] = Field(
        description="The newest 24 distributions, newest first, announced ones among them."
    )
    benchmark_index: str | None = Field(
        description="Index that beta_* and capture are against: S&P 500 (^GSPC) for USD, S&P/TSX Composite (^GSPTSE) for CAD."
    )
    sharpe_1y: Ratio = Field(description="Sharpe ratio over one year, annualised.")
    sharpe_3y: Ratio = Field(description="Sharpe ratio over three years, annualised.")
    sharpe_5y: Ratio = Field(description="Sharpe ratio over five years, annualised.")
    beta_1y: Ratio = Field(description="Beta over one year, ours; beta is the vendor's.")
    beta_3y: Ratio = Field(description="Beta over three years.")
    beta_5y: Ratio = Field(description="Beta over five years.")
    up_capture_1y: Ratio = Field(description="Up capture over one year: 1 rises as the index does.")
    up_capture_3y: Ratio = Field(description="Up capture over three years.")
    up_capture_5y: Ratio = Field(description="Up capture over five years.")
    down_capture_1y: Ratio = Field(description="Down capture over one year: 1 falls as the index does.")
    down_capture_3y: Ratio = Field(description="Down capture over three years.")
    down_capture_5y: Ratio = Field(description="Down capture over five years.")
    dividend_yield_forward: Fraction = Field(description="The last regular dividend x payments a year / price.")
    currency_basis: Literal["assumed_listing", "doubtful"] = Field(description=CURRENCY_BASIS)

    view_name: ClassVar[str] = "etf_page"
