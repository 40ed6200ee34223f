"""The parts of a fund's page that are lists."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PeriodReturn(Part):
    """The vendor's figures over a period of whole years: the return at month_end_date, the rank at rank_date."""

    years: int
    month_end_date: dt.date | None
    month_end_return: Decimal | None
    rank_date: dt.date | None
    category_rank: int | None
    category_fund_count: int | None
    quartile: int | None
    percentile: int | None


class CalendarReturn(Part):
    """The vendor's figures of a calendar year."""

    year: int
    calendar_year_return: Decimal | None
    category_rank: int | None
    category_fund_count: int | None
    quartile: int | None
    percentile: int | None


class PeriodRisk(Part):
    """The vendor's risk figures over a period of whole years at risk_date; drawdown, capture and batting are those at
    drawdown_date.

    standard_deviation and max_drawdown are fractions, max_drawdown zero or below. The others are as delivered, under the
    vendor's names.
    """

    years: int
    risk_date: dt.date | None
    beta: Decimal | None
    annualized_alpha: Decimal | None
    standard_deviation: Decimal | None
    sharpe: Decimal | None
    r_squared: Decimal | None
    annualized_treynor: Decimal | None
    annualized_sortino: Decimal | None
    annualized_information_ratio: Decimal | None
    annualized_tracking_error: Decimal | None
    downside_deviation: Decimal | None
    annualized_jensen_alpha: Decimal | None
    calmar: Decimal | None
    tax_efficiency: Decimal | None
    drawdown_date: dt.date | None
    max_drawdown: Decimal | None
    up_capture: Decimal | None
    down_capture: Decimal | None
    category_batting: Decimal | None
    absolute_batting: Decimal | None


class Holding(Part):
    """One of the ten largest positions; weight as a fraction of the fund."""

    number: int | None
    security: str | None
    weight: Decimal | None


class Allocation(Part):
    """A part of the portfolio; the parts of one type have one date and add up to the whole. weight is a fraction."""

    type: str | None
    name: str | None
    weight: Decimal | None
    date: dt.date | None


class Distribution(Part):
    """A distribution per share on a day, in the fund's currency."""

    date: dt.date | None
    total: Decimal | None
    dividend_income: Decimal | None
    foreign_dividend_income: Decimal | None
    capital_gains: Decimal | None
    interest_income: Decimal | None
    return_of_capital: Decimal | None


class Expense(Part):
    """A cost ratio, for example MER or TER, as a fraction per year."""

    type: str | None
    date: dt.date | None
    expense_ratio: Decimal | None


class Load(Part):
    """The sales terms of a series: its code, whether it is open, the type of load and the maximum load, as a fraction."""

    fund_serv_code: str | None
    sales_status: str | None
    load_type: str | None
    max_load: Decimal | None


class Trailer(Part):
    """The trailer paid to an adviser while the units are held, for a range of holding months; fee is as delivered."""

    fund_serv_code: str | None
    start_month: int | None
    end_month: int | None
    description: str | None
    fee: Decimal | None


class OtherFee(Part):
    """Another fee, such as for early redemption; the note states its unit."""

    type: str | None
    value: Decimal | None
    days: int | None
    paid_by: str | None
    note: str | None


class BenchmarkReturn(Part):
    """The vendor's annualised return of an index over a period of whole years."""

    years: int
    month_end_date: dt.date | None
    month_end_return: Decimal | None


class Benchmark(Part):
    """A benchmark index of the fund, with its returns over the periods that the vendor delivers."""

    type: str | None
    identifier: str | None
    name: str | None
    returns: list[BenchmarkReturn]


class OtherIdentifier(Part):
    """Another identifier of the fund, for example an ISIN or a CUSIP."""

    type: str | None
    value: str | None
