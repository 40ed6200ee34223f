"""Distributions of funds as delivered."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class FundPayment(ViewModel):
    """Every distribution of every fund with its parts, at full precision.

    A FundDistribution record and a quote may state the same distribution, on different days; dataset shows the source of a
    row. fund_quote_history.distribution counts each distribution once.
    """

    security_id: str = column()
    identifier: str = column()
    date: dt.date | None = column()
    ordinal: int = column()
    dataset: str = column()
    amount: Decimal | None = column()
    currency: str | None = column("It is the fund's.")
    dividend_income: Decimal | None = column()
    foreign_dividend_income: Decimal | None = column()
    capital_gains: Decimal | None = column()
    interest_income: Decimal | None = column()
    return_of_capital: Decimal | None = column()
    payment_date: dt.date | None = column("Records of FundDistribution have none.")
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "distributions"
    view_subject: ClassVar[Subject] = "Payments and splits"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "date", "ordinal")


class FundPaymentHistory(ViewModel):
    """Every version of every distribution of every fund, including replaced and withdrawn ones.

    The versions that were current at a moment are those with known_at <= moment and withdrawn_at NULL or later.
    """

    security_id: str = column()
    identifier: str = column()
    date: dt.date | None = column()
    ordinal: int = column()
    dataset: str = column()
    version: int = column()
    record_state: str | None = column()
    amount: Decimal | None = column()
    currency: str | None = column("It is the fund's.")
    dividend_income: Decimal | None = column()
    foreign_dividend_income: Decimal | None = column()
    capital_gains: Decimal | None = column()
    interest_income: Decimal | None = column()
    return_of_capital: Decimal | None = column()
    payment_date: dt.date | None = column("Records of FundDistribution have none.")
    known_at: datetime = column()
    withdrawn_at: datetime | None = column("A version that withdraws the distribution was never current.")
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "distributions_history"
    view_subject: ClassVar[Subject] = "Payments and splits"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "date", "ordinal")
