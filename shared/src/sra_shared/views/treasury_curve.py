"""Yields of US treasuries."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Source, ViewModel, ViewSpec

_TENORS = (
    ("month1", 1),
    ("month2", 2),
    ("month3", 3),
    ("month6", 6),
    ("year1", 12),
    ("year2", 24),
    ("year3", 36),
    ("year5", 60),
    ("year7", 84),
    ("year10", 120),
    ("year20", 240),
    ("year30", 360),
)
_VALUES = ", ".join(f"('{name}', {months}, r.{name})" for name, months in _TENORS)


class TreasuryCurve(ViewModel):
    """Yield of US treasuries per day and tenor, in percent as delivered; a tenor that the vendor left out has no row."""

    date: dt.date = Field(description="Day of the curve.")
    tenor: str = Field(description="Tenor as the vendor names it: month1 to year30.")
    tenor_months: Annotated[int, Col("months", "integer")] = Field(description="Its length.")
    rate: Annotated[Decimal, Col("percent a year")] = Field(description="Yield.")
    currency: str = Field(description="Currency of the obligation.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="treasury_curve",
        key=("date", "tenor"),
        query=f"""
            SELECT r.date, t.tenor, t.months AS tenor_months, t.rate, 'USD' AS currency, r.updated_at AS as_of,
              r.run_id AS last_run_id
            FROM public.fmp_treasury_rate r CROSS JOIN LATERAL (VALUES {_VALUES}) AS t (tenor, months, rate)
            WHERE t.rate IS NOT NULL
        """,  # noqa: S608 - names of this module
        sources=(Source("fmp_treasury_rate", "fmp", ("treasury_rates",)),),
        used_indexes=("pk_fmp_treasury_rate",),
    )
