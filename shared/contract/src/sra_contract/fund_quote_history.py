"""The daily series of funds with our own returns."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class FundQuoteHistory(ViewModel):
    """Net asset value of every fund and day, with all delivered digits, raw and adjusted, and our own returns of the day.

    There is one record per fund and day; FundDailyNAVPS takes precedence over Pricing. price_return_1d is NAVPS / previous NAVPS
    - 1, the change of the value without distributions. return_1d is (NAVPS + distribution) x split_ratio / previous NAVPS - 1.
    The distribution is reinvested on its ex-date, or on the first day after it that has a value. The split puts today's value
    into former shares. A split is a factor between a millionth and a million. vendor_price_return_1d is the vendor's percentage
    as a fraction.

    Distributions are those of the quote records and of FundDistribution, each counted once. A quote and a record are one
    distribution if their totals are equal, if each part that both name (dividends, foreign dividends, capital gains, interest,
    return of principal) is equal, and if their days are at most five sessions apart; the quote's day then counts. Sessions are
    counted in weekdays; a weekend day counts as its Friday. Each quote matches at most one record, and each record at most one
    quote. Pairs are matched in the order of the days between them, the quote's day, the record's day and the record's id, if both
    are still free. Several records of one day may also match together, by their sum; that pair takes precedence over those of the
    single records.

    A distribution that is reinvested and consolidated pays nothing and does not raise return_1d, which is then NAVPS / previous
    NAVPS - 1. The vendor does not mark it. A distribution counts as consolidated if the split of the same value undoes the
    reinvestment: the split is below 1 and between 1 - distribution / NAVPS and 1 / (1 + distribution / NAVPS), with a tolerance
    of 0.0001. Without such a split a distribution counts as cash, and fund_return_reconciliation shows the month as a difference.

    The previous value is the last one above zero, at most 7 days older. Without one, or if today's value is zero (at 40 digits),
    both returns are NULL. adjusted_navps is the value in shares of the newest day, with all later distributions reinvested and
    all later splits applied: the ratio of two of them is the total return between their days. Computed with 40 digits, rounded
    half up to six decimals. Source: specification, section 5.
    """

    identifier: str = column()
    date: dt.date = column()
    dataset: str = column("It is the one that the value is from.")
    navps: Decimal = column()
    adjusted_navps: Decimal = column()
    currency: str | None = column()
    change: Decimal | None = column()
    vendor_price_return_1d: Decimal | None = column()
    previous_date: dt.date | None = column()
    previous_navps: Decimal | None = column()
    distribution: Decimal | None = column()
    split_ratio: Decimal | None = column()
    price_return_1d: Decimal | None = column()
    return_1d: Decimal | None = column()
    adjustment_factor: Decimal = column()
    as_of: datetime = column(
        "The records are those of the value, the previous value, and the payments and splits between them; later "
        "distributions and splits change only adjusted_navps."
    )
    last_run_id: UUID = column("It is the run of as_of.")
    known_at: datetime = column("It refers to the record of the value itself.")
    security_id: str = column()

    view_name: ClassVar[str] = "fund_quote_history"
    view_subject: ClassVar[Subject] = "Series"
    view_key: ClassVar[tuple[str, ...]] = ("identifier", "date")
