"""The newest value of a fund."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel

Percent = Annotated[Decimal | None, Col("percent, as the vendor delivers it")]
Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class FundValue(ViewModel):
    """The newest value of every fund, the returns of its day, and its yield: what a day of values changes on a fund's page.

    It is the newest day of fund_quote_history. The yield is that of the newest day that has one, at most 7 days before
    nav_date.
    """

    identifier: str = Field(description="InstrumentKey.")
    currency: str | None = Field(description="Currency of the value.")
    nav: Amount = Field(description="Net asset value per share, with all delivered digits.")
    nav_date: dt.date = Field(description="Day of the value.")
    nav_change: Amount = Field(description="Change since the day before, vendor's.")
    nav_change_percent: Percent = Field(description="The same in percent, vendor's.")
    price_return_1d: Fraction = Field(description="Change of the value alone, ours (see fund_quote_history).")
    total_return_1d: Fraction = Field(description="The same with distribution and split, ours.")
    current_yield_percent: Percent = Field(description="Current yield.")
    current_yield_change_percent: Percent = Field(description="Change of the yield.")
    current_yield_date: dt.date | None = Field(description="Day of the yield.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    view_name: ClassVar[str] = "fund_value"
