"""The twelve months up to every end of a company's fiscal periods, for screens of a past day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column
from sra_contract.equity_fundamentals import AvailableBasis


class FundamentalsTtm(ViewModel):
    """The twelve months up to every end of a company's fiscal periods: sums, the balance sheet of the end, margins and
    ratios.

    The twelve months of an end are four quarters, two halves or a fiscal year, by the rules of equity_fundamentals, over the
    newest 30 periods of a company. There is one row per issuer and end. If an issuer has several listings, one counts, as in
    financial_statements. A screen of a past day reads, for each issuer, the row with the greatest period_end_date and
    available_at <= day. The newest version of each statement counts. A restated one has the later available_at and known_at;
    equity_fundamentals_as_of is exact even if figures were restated. Earnings per share are excluded, because splits between
    the parts leave them open: common_income_ttm and reported_diluted_shares are their parts.
    """

    symbol: str = column("The vendor delivers the statements for it.")
    period_end_date: date = column()
    fundamentals_basis: Literal["quarters", "half_years", "fiscal_year"] = column()
    reported_currency: str | None = column()
    revenue_ttm: Decimal | None = column()
    gross_profit_ttm: Decimal | None = column()
    operating_income_ttm: Decimal | None = column()
    ebitda_ttm: Decimal | None = column()
    ebit_ttm: Decimal | None = column()
    interest_expense_ttm: Decimal | None = column()
    net_income_ttm: Decimal | None = column()
    common_income_ttm: Decimal | None = column()
    operating_cash_flow_ttm: Decimal | None = column()
    capital_expenditure_ttm: Decimal | None = column()
    free_cash_flow_ttm: Decimal | None = column()
    cash_and_short_term_investments: Decimal | None = column()
    total_current_assets: Decimal | None = column()
    total_current_liabilities: Decimal | None = column()
    total_assets: Decimal | None = column()
    total_liabilities: Decimal | None = column()
    total_stockholders_equity: Decimal | None = column()
    common_equity: Decimal | None = column()
    preferred_stock: Decimal | None = column()
    minority_interest: Decimal | None = column()
    total_debt: Decimal | None = column()
    net_debt: Decimal | None = column()
    reported_diluted_shares: Decimal | None = column()
    gross_margin: Decimal | None = column()
    operating_margin: Decimal | None = column()
    ebitda_margin: Decimal | None = column()
    net_margin: Decimal | None = column()
    free_cash_flow_margin: Decimal | None = column()
    return_on_equity: Decimal | None = column()
    return_on_assets: Decimal | None = column()
    debt_to_equity_ratio: Decimal | None = column()
    current_ratio: Decimal | None = column()
    available_at: datetime = column()
    available_basis: AvailableBasis = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()
    security_id: str = column("It is that of the listing for which the vendor delivers the statements.")
    issuer_id: str | None = column()
    is_active: bool = column()

    view_name: ClassVar[str] = "fundamentals_ttm"
    view_subject: ClassVar[Subject] = "Statements and figures"
    view_key: ClassVar[tuple[str, ...]] = ("symbol", "period_end_date")
