"""The vendor's figures derived from statements: ratios, key metrics and growth of every fiscal period."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class FinancialRatio(ViewModel):
    """The vendor's ratios and key metrics of every fiscal period of every company, as delivered, in the newest version.

    There is one row per issuer, kind of period and end. If an issuer has several listings, one counts, as in
    financial_statements. The prices in the ratios are the vendor's at about the end of the period. The vendor delivers no
    filing day with these figures. The public knew them with the statements at the earliest
    (financial_statements.available_at). equity_metrics has our own current ratios.
    """

    issuer_id: str | None = column()
    security_id: str = column("It is that of the listing for which the vendor delivers the figures.")
    symbol: str = column("The vendor delivers the figures for it.")
    period_kind: Literal["year", "quarter"] = column()
    period_end_date: date = column()
    fiscal_year: int = column()
    fiscal_period: str = column()
    reported_currency: str | None = column()
    vendor_gross_profit_margin: Decimal | None = column()
    vendor_operating_profit_margin: Decimal | None = column()
    vendor_net_profit_margin: Decimal | None = column()
    vendor_ebitda_margin: Decimal | None = column()
    vendor_current_ratio: Decimal | None = column()
    vendor_quick_ratio: Decimal | None = column()
    vendor_debt_to_equity_ratio: Decimal | None = column()
    vendor_pe_ratio: Decimal | None = column()
    vendor_pb_ratio: Decimal | None = column()
    vendor_ps_ratio: Decimal | None = column()
    vendor_price_to_free_cash_flow_ratio: Decimal | None = column()
    vendor_dividend_yield: Decimal | None = column()
    vendor_dividend_payout_ratio: Decimal | None = column()
    vendor_interest_coverage_ratio: Decimal | None = column()
    vendor_book_value_per_share: Decimal | None = column()
    vendor_revenue_per_share: Decimal | None = column()
    vendor_net_income_per_share: Decimal | None = column()
    vendor_free_cash_flow_per_share: Decimal | None = column()
    vendor_dividend_per_share: Decimal | None = column()
    vendor_asset_turnover: Decimal | None = column()
    vendor_effective_tax_rate: Decimal | None = column()
    vendor_market_cap: Decimal | None = column()
    vendor_enterprise_value: Decimal | None = column()
    vendor_ev_to_sales: Decimal | None = column()
    vendor_ev_to_ebitda: Decimal | None = column()
    vendor_net_debt_to_ebitda: Decimal | None = column()
    vendor_return_on_assets: Decimal | None = column()
    vendor_return_on_equity: Decimal | None = column()
    vendor_return_on_invested_capital: Decimal | None = column()
    vendor_earnings_yield: Decimal | None = column()
    vendor_free_cash_flow_yield: Decimal | None = column()
    vendor_working_capital: Decimal | None = column()
    vendor_invested_capital: Decimal | None = column()
    vendor_income_quality: Decimal | None = column()
    vendor_graham_number: Decimal | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "financial_ratios"
    view_subject: ClassVar[Subject] = "Statements and figures"
    view_key: ClassVar[tuple[str, ...]] = ("issuer_id", "period_kind", "period_end_date")


class VendorGrowth(ViewModel):
    """The vendor's growth figures of every fiscal period of every company, as delivered, in the newest version.

    There is one row per issuer, kind of period and end. If an issuer has several listings, one counts, as in
    financial_statements. Columns that begin with vendor_ are from the vendor's summary, the others from its growth of each
    statement. Growth is against the period a year before; -1 means that a figure fell to zero.
    """

    issuer_id: str | None = column()
    security_id: str = column("It is that of the listing for which the vendor delivers the figures.")
    symbol: str = column("The vendor delivers the figures for it.")
    period_kind: Literal["year", "quarter"] = column()
    period_end_date: date = column()
    fiscal_year: int = column()
    fiscal_period: str = column()
    reported_currency: str | None = column()
    vendor_revenue_growth: Decimal | None = column()
    vendor_gross_profit_growth: Decimal | None = column()
    vendor_ebit_growth: Decimal | None = column()
    vendor_operating_income_growth: Decimal | None = column()
    vendor_net_income_growth: Decimal | None = column()
    vendor_eps_growth: Decimal | None = column()
    vendor_eps_diluted_growth: Decimal | None = column()
    vendor_dividends_per_share_growth: Decimal | None = column()
    vendor_operating_cash_flow_growth: Decimal | None = column()
    vendor_asset_growth: Decimal | None = column()
    vendor_book_value_per_share_growth: Decimal | None = column()
    vendor_debt_growth: Decimal | None = column()
    vendor_free_cash_flow_growth: Decimal | None = column()
    income_revenue_growth: Decimal | None = column()
    income_gross_profit_growth: Decimal | None = column()
    income_operating_income_growth: Decimal | None = column()
    income_net_income_growth: Decimal | None = column()
    income_eps_growth: Decimal | None = column()
    income_eps_diluted_growth: Decimal | None = column()
    income_ebitda_growth: Decimal | None = column()
    balance_total_assets_growth: Decimal | None = column()
    balance_total_liabilities_growth: Decimal | None = column()
    balance_total_stockholders_equity_growth: Decimal | None = column()
    balance_total_debt_growth: Decimal | None = column()
    balance_net_debt_growth: Decimal | None = column()
    balance_inventory_growth: Decimal | None = column()
    cash_flow_net_income_growth: Decimal | None = column()
    cash_flow_operations_growth: Decimal | None = column()
    cash_flow_capital_expenditure_growth: Decimal | None = column()
    cash_flow_free_growth: Decimal | None = column()
    cash_flow_dividends_paid_growth: Decimal | None = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()

    view_name: ClassVar[str] = "financial_growth"
    view_subject: ClassVar[Subject] = "Statements and figures"
    view_key: ClassVar[tuple[str, ...]] = ("issuer_id", "period_kind", "period_end_date")
