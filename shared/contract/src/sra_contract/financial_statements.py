"""All lines of the statements of companies, for the newest state of each period and for every stored state."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sra_contract.base import Subject, ViewModel, column


class StatementLines(ViewModel):
    """The fiscal period of a company with the lines of its statements."""

    issuer_id: str | None = column()
    security_id: str = column("It is that of the listing for which the vendor delivers the statements.")
    symbol: str = column("The vendor delivers the statements for it.")
    period_kind: Literal["year", "quarter"] = column()
    period_end_date: date = column()
    fiscal_year: int = column()
    fiscal_period: str = column()
    reported_currency: str | None = column()
    revenue: Decimal | None = column()
    cost_of_revenue: Decimal | None = column()
    gross_profit: Decimal | None = column()
    research_and_development_expenses: Decimal | None = column()
    general_and_administrative_expenses: Decimal | None = column()
    selling_and_marketing_expenses: Decimal | None = column()
    selling_general_and_administrative_expenses: Decimal | None = column()
    other_expenses: Decimal | None = column()
    operating_expenses: Decimal | None = column()
    cost_and_expenses: Decimal | None = column()
    net_interest_income: Decimal | None = column()
    income_interest_income: Decimal | None = column()
    interest_expense: Decimal | None = column()
    depreciation_and_amortization: Decimal | None = column()
    ebitda: Decimal | None = column()
    ebit: Decimal | None = column()
    non_operating_income_excluding_interest: Decimal | None = column()
    operating_income: Decimal | None = column()
    total_other_income_expenses_net: Decimal | None = column()
    income_before_tax: Decimal | None = column()
    income_tax_expense: Decimal | None = column()
    net_income_from_continuing_operations: Decimal | None = column()
    net_income_from_discontinued_operations: Decimal | None = column()
    other_adjustments_to_net_income: Decimal | None = column()
    net_income: Decimal | None = column()
    net_income_deductions: Decimal | None = column()
    bottom_line_net_income: Decimal | None = column()
    eps: Decimal | None = column()
    eps_diluted: Decimal | None = column()
    weighted_average_shares: Decimal | None = column()
    weighted_average_shares_diluted: Decimal | None = column()
    cash_and_cash_equivalents: Decimal | None = column()
    short_term_investments: Decimal | None = column()
    cash_and_short_term_investments: Decimal | None = column()
    net_receivables: Decimal | None = column()
    accounts_receivables: Decimal | None = column()
    other_receivables: Decimal | None = column()
    inventory: Decimal | None = column()
    prepaids: Decimal | None = column()
    other_current_assets: Decimal | None = column()
    total_current_assets: Decimal | None = column()
    property_plant_equipment_net: Decimal | None = column()
    goodwill: Decimal | None = column()
    intangible_assets: Decimal | None = column()
    goodwill_and_intangible_assets: Decimal | None = column()
    long_term_investments: Decimal | None = column()
    tax_assets: Decimal | None = column()
    other_non_current_assets: Decimal | None = column()
    total_non_current_assets: Decimal | None = column()
    other_assets: Decimal | None = column()
    total_assets: Decimal | None = column()
    total_payables: Decimal | None = column()
    account_payables: Decimal | None = column()
    other_payables: Decimal | None = column()
    accrued_expenses: Decimal | None = column()
    short_term_debt: Decimal | None = column()
    capital_lease_obligations_current: Decimal | None = column()
    tax_payables: Decimal | None = column()
    deferred_revenue: Decimal | None = column()
    other_current_liabilities: Decimal | None = column()
    total_current_liabilities: Decimal | None = column()
    long_term_debt: Decimal | None = column()
    capital_lease_obligations_non_current: Decimal | None = column()
    deferred_revenue_non_current: Decimal | None = column()
    deferred_tax_liabilities_non_current: Decimal | None = column()
    other_non_current_liabilities: Decimal | None = column()
    total_non_current_liabilities: Decimal | None = column()
    other_liabilities: Decimal | None = column()
    capital_lease_obligations: Decimal | None = column()
    total_liabilities: Decimal | None = column()
    treasury_stock: Decimal | None = column()
    preferred_stock: Decimal | None = column()
    common_stock: Decimal | None = column()
    retained_earnings: Decimal | None = column()
    additional_paid_in_capital: Decimal | None = column()
    accumulated_other_comprehensive_income_loss: Decimal | None = column()
    other_total_stockholders_equity: Decimal | None = column()
    total_stockholders_equity: Decimal | None = column()
    total_equity: Decimal | None = column()
    minority_interest: Decimal | None = column()
    total_liabilities_and_total_equity: Decimal | None = column()
    total_investments: Decimal | None = column()
    total_debt: Decimal | None = column()
    net_debt: Decimal | None = column()
    cash_flow_net_income: Decimal | None = column()
    cash_flow_depreciation_and_amortization: Decimal | None = column()
    deferred_income_tax: Decimal | None = column()
    stock_based_compensation: Decimal | None = column()
    change_in_working_capital: Decimal | None = column()
    cash_flow_accounts_receivables: Decimal | None = column()
    cash_flow_inventory: Decimal | None = column()
    accounts_payables: Decimal | None = column()
    other_working_capital: Decimal | None = column()
    other_non_cash_items: Decimal | None = column()
    net_cash_provided_by_operating_activities: Decimal | None = column()
    investments_in_property_plant_and_equipment: Decimal | None = column()
    acquisitions_net: Decimal | None = column()
    purchases_of_investments: Decimal | None = column()
    sales_maturities_of_investments: Decimal | None = column()
    other_investing_activities: Decimal | None = column()
    net_cash_provided_by_investing_activities: Decimal | None = column()
    net_debt_issuance: Decimal | None = column()
    long_term_net_debt_issuance: Decimal | None = column()
    short_term_net_debt_issuance: Decimal | None = column()
    net_stock_issuance: Decimal | None = column()
    net_common_stock_issuance: Decimal | None = column()
    common_stock_issuance: Decimal | None = column()
    common_stock_repurchased: Decimal | None = column()
    net_preferred_stock_issuance: Decimal | None = column()
    net_dividends_paid: Decimal | None = column()
    common_dividends_paid: Decimal | None = column()
    preferred_dividends_paid: Decimal | None = column()
    other_financing_activities: Decimal | None = column()
    net_cash_provided_by_financing_activities: Decimal | None = column()
    effect_of_forex_changes_on_cash: Decimal | None = column()
    net_change_in_cash: Decimal | None = column()
    cash_at_end_of_period: Decimal | None = column()
    cash_at_beginning_of_period: Decimal | None = column()
    operating_cash_flow: Decimal | None = column()
    capital_expenditure: Decimal | None = column()
    free_cash_flow: Decimal | None = column()
    income_taxes_paid: Decimal | None = column()
    interest_paid: Decimal | None = column()
    cik: str | None = column()
    filing_date: date | None = column("It is the last day of the three statements.")
    accepted_at: datetime | None = column("It is the last moment of the three statements.")
    available_at: datetime = column()
    known_at: datetime = column()
    as_of: datetime = column()
    last_run_id: UUID = column()


class FinancialStatement(StatementLines):
    """All lines of income statement, balance sheet and cash flow statement of every fiscal period, in the newest state.

    There is one row per issuer, kind of period and end. If the vendor delivers a period for several listings of an issuer,
    one counts: active listings first, then by symbol. Lines have the vendor's names; a line of the cash flow statement has
    the prefix cash_flow_ if another statement has the same name. The three statements of a period have the same kind and end,
    and the currency of the income statement; a statement in another currency is excluded. Zero may mean that the vendor has
    no figure. financial_statements_history has the earlier states, financial_statements_as_of a past one.
    """

    view_name: ClassVar[str] = "financial_statements"
    view_subject: ClassVar[Subject] = "Statements and figures"
    view_key: ClassVar[tuple[str, ...]] = ("issuer_id", "period_kind", "period_end_date")


class FinancialStatementHistory(StatementLines):
    """Every state of every fiscal period of every listing. Each stored version of a statement starts a new state.

    The newest state of a period by known_at is what we know now. What was public at a moment has available_at <= moment; what
    we knew then has known_at <= moment.
    """

    version: int = column("It numbers the states of the period, from 1.")
    is_newest: bool = column()

    view_name: ClassVar[str] = "financial_statements_history"
    view_subject: ClassVar[Subject] = "Statements and figures"
    view_key: ClassVar[tuple[str, ...]] = ("security_id", "symbol", "period_kind", "period_end_date", "version")
