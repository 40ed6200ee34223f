"""The daily series of funds with our own returns."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_contract.base import Col, ViewModel

Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class FundQuoteHistory(ViewModel):
    """Net asset value of every fund and day, with all delivered digits, raw and adjusted, and our own returns of the day.

    One record a fund and day, FundDailyNAVPS before Pricing. price_return is NAVPS / previous NAVPS - 1, the change of the
    value alone. total_return is (NAVPS + distribution) x split / previous NAVPS - 1: the distribution is reinvested on its
    ex-date, or on the first day after it that has a value, and the split puts today's value into former shares. A
    distribution is that of the day's quote records, else the sum of FundDistribution; a split is a factor between a
    millionth and a million. The previous value is the last one above zero, at most 7 days older; without one, and where
    today's is zero (at 40 digits), both are NULL. adjusted_navps is the value in
    shares of the newest day, all distributions and splits since reinvested: the ratio of two of them is the total return
    between their days. Computed with 40 digits, rounded half up to six decimals. Source: specification, section 5.
    """

    identifier: str = Field(description="InstrumentKey.")
    date: dt.date = Field(description="Day of the value.")
    dataset: str = Field(description="Dataset that the value is from.")
    navps: Annotated[Decimal, Col("currency of the row")] = Field(description="Net asset value per share.")
    adjusted_navps: Annotated[Decimal, Col("currency of the row")] = Field(
        description="The same in shares of the newest day, to ten decimals."
    )
    currency: str | None = Field(description="Currency of every amount of the row.")
    change: Amount = Field(description="Change since the day before, vendor's.")
    change_percent: Annotated[Decimal | None, Col("percent")] = Field(description="The same in percent, vendor's.")
    previous_date: dt.date | None = Field(description="Day of the previous value.")
    previous_navps: Amount = Field(description="The previous value.")
    distribution: Amount = Field(description="Distribution per share that was reinvested on the day.")
    split_factor: Decimal | None = Field(description="New shares for one old, where the day has a split.")
    price_return: Fraction = Field(description="Change of the value alone.")
    total_return: Fraction = Field(description="The same with distribution and split.")
    adjustment_factor: Decimal = Field(
        description="Shares that one share of the first day has become: the product of (1 + distribution / NAVPS) x split."
    )
    as_of: datetime = Field(
        description="When the newest record behind this row was stored, in UTC: of its value, the previous one, or what was"
        " paid or split between. Later distributions and splits move adjusted_navps alone, which this does not tell."
    )
    last_run_id: UUID = Field(description="The run that stored that record.")
    stored_at: datetime = Field(description="When the record of the value itself was stored, in UTC.")

    view_name: ClassVar[str] = "fund_quote_history"
