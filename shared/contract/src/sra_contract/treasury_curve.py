"""Yields of US treasuries."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_contract.base import AS_OF, LAST_RUN, Col, ViewModel


class TreasuryCurve(ViewModel):
    """Yield of US treasuries per day and tenor, in percent as delivered; a tenor that the vendor left out has no row."""

    date: dt.date = Field(description="Day of the curve.")
    tenor: str = Field(description="Tenor as the vendor names it: month1 to year30.")
    tenor_months: Annotated[int, Col("months", "integer")] = Field(description="Its length.")
    rate: Annotated[Decimal, Col("percent a year")] = Field(description="Yield.")
    currency: str = Field(description="Currency of the obligation.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    view_name: ClassVar[str] = "treasury_curve"
