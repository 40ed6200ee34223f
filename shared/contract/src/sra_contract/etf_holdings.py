"""Present and former portfolios of ETFs: positions, countries and sectors."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class EtfPosition(ViewModel):
    """Every position of every ETF, present and former.

    The snapshot of a moment is the rows with known_at <= moment and withdrawn_at NULL or later. A position that did not
    change between two deliveries is one row.
    """

    security_id: str = column("It is the fund's.")
    symbol: str = column("It is the fund's.")
    holdings_date: date = column("It is the vendor's, or else the day on which we stored the position.")
    ordinal: int = column("The largest position is the first.")
    holding_symbol: str | None = column()
    holding_name: str | None = column()
    isin: str | None = column("It is the position's.")
    cusip: str | None = column("It is the position's.")
    occurrence: int = column()
    shares: Decimal | None = column()
    weight: Decimal | None = column()
    market_value: Decimal | None = column()
    known_at: datetime = column()
    withdrawn_at: datetime | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "etf_holdings"
    view_subject: ClassVar[Subject] = "Members and categories"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "holdings_date", "ordinal")


class EtfExposure(ViewModel):
    """Every country and sector weight of every ETF, present and former.

    The snapshot of a moment is the rows with known_at <= moment and withdrawn_at NULL or later.
    """

    security_id: str = column("It is the fund's.")
    symbol: str = column("It is the fund's.")
    holdings_date: date = column("It is the day on which we stored the weight.")
    ordinal: int = column("Countries come before sectors; the largest is first.")
    exposure_kind: Literal["country", "sector"] = column()
    exposure: str = column()
    weight: Decimal | None = column()
    known_at: datetime = column()
    withdrawn_at: datetime | None = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "etf_exposures"
    view_subject: ClassVar[Subject] = "Members and categories"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "holdings_date", "ordinal")
