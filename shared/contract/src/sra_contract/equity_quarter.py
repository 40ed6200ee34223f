"""A fiscal quarter of a company as its page shows it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from pydantic import BaseModel, ConfigDict


class Quarter(BaseModel):
    """One fiscal quarter as reported; amounts are in reported_currency, eps and eps_diluted per share as reported."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fiscal_year: int
    period: str
    period_end_date: dt.date
    filing_date: dt.date | None
    reported_currency: str | None
    revenue: Decimal | None
    gross_profit: Decimal | None
    operating_income: Decimal | None
    ebitda: Decimal | None
    ebit: Decimal | None
    interest_expense: Decimal | None
    net_income: Decimal | None
    eps: Decimal | None
    eps_diluted: Decimal | None
    operating_cash_flow: Decimal | None
    capital_expenditure: Decimal | None
    free_cash_flow: Decimal | None
    cash_and_short_term_investments: Decimal | None
    total_current_assets: Decimal | None
    total_current_liabilities: Decimal | None
    total_assets: Decimal | None
    total_liabilities: Decimal | None
    total_stockholders_equity: Decimal | None
    total_debt: Decimal | None
    net_debt: Decimal | None
