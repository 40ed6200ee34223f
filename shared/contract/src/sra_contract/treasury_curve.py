"""Yields of US treasuries."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import ViewModel, column


class TreasuryCurve(ViewModel):
    """Yield of US treasuries per day and tenor, in percent as delivered; a tenor that the vendor left out has no row."""

    date: dt.date = column()
    tenor: str = column()
    tenor_months: int = column()
    rate: Decimal = column()
    currency: str = column("It is that of the obligation.")
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "treasury_curve"
