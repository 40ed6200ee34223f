"""The parts of a fund's page that are lists."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PeriodReturn(Part):
    """The vendor's figures over a period of whole years: the return at month_end_date, the rank at rank_month_end_date."""

    years: int
    month_end_date: dt.date | None
    annualised_return_percent: Decimal | None
    rank_month_end_date: dt.date | None
    category_rank: Decimal | None
    category_funds: Decimal | None
    category_quartile: Decimal | None
    category_percentile: Decimal | None


class CalendarReturn(Part):
    """The vendor's figures of a calendar year."""

    year: Decimal
    return_percent: Decimal | None
    category_rank: Decimal | None
    category_funds: Decimal | None
    category_quartile: Decimal | None
    category_percentile: Decimal | None


class PeriodRisk(Part):
    """The vendor's risk figures over a period of whole years at month_end_date; drawdown, capture and batting are those at
    drawdown_month_end_date."""

    years: int
    month_end_date: dt.date | None
    beta: Decimal | None
    alpha: Decimal | None
    standard_deviation: Decimal | None
    sharpe: Decimal | None
    r_squared: Decimal | None
    treynor: Decimal | None
    sortino: Decimal | None
    information_ratio: Decimal | None
    tracking_error: Decimal | None
    downside_deviation: Decimal | None
    jensen_alpha: Decimal | None
    calmar: Decimal | None
    tax_efficiency: Decimal | None
    drawdown_month_end_date: dt.date | None
    max_drawdown_percent: Decimal | None
    up_capture: Decimal | None
    down_capture: Decimal | None
    category_batting: Decimal | None
    absolute_batting: Decimal | None


class Holding(Part):
    """One of the ten largest positions."""

    number: Decimal | None
    security: str | None
    market_percent: Decimal | None


class Allocation(Part):
    """A part of the portfolio; the parts of one type, which have one date, add up to the whole."""

    type: str | None
    name: str | None
    percent: Decimal | None
    date: dt.date | None


class Distribution(Part):
    """What the fund paid per share on a day, in the fund's currency."""

    date: dt.date | None
    total: Decimal | None
    dividend_income: Decimal | None
    foreign_dividend_income: Decimal | None
    capital_gains: Decimal | None
    interest_income: Decimal | None
    return_of_principle: Decimal | None


class Expense(Part):
    """A ratio of cost, MER or TER for instance."""

    type: str | None
    date: dt.date | None
    percent: Decimal | None


class Load(Part):
    """How a series is sold: its code, whether it is open, the kind of load and the highest one."""

    fund_serv_code: str | None
    sales_status: str | None
    load_type: str | None
    max_percent: Decimal | None


class Trailer(Part):
    """What an adviser is paid while the units are held, between two months of holding."""

    fund_serv_code: str | None
    start_month: Decimal | None
    end_month: Decimal | None
    description: str | None
    fee_percent: Decimal | None


class OtherFee(Part):
    """A fee besides the ratios, such as for early redemption; the note gives its unit."""

    type: str | None
    value: Decimal | None
    days: Decimal | None
    paid_by: str | None
    note: str | None


class BenchmarkReturn(Part):
    """The vendor's annualised return of an index over a period of whole years."""

    years: Decimal
    month_end_date: dt.date | None
    annualised_return_percent: Decimal | None


class Benchmark(Part):
    """An index that the fund is measured by, with its returns over the periods that the vendor gives."""

    type: str | None
    identifier: str | None
    name: str | None
    returns: list[BenchmarkReturn]


class OtherIdentifier(Part):
    """What the fund is called elsewhere, an ISIN or a CUSIP for instance."""

    type: str | None
    value: str | None
