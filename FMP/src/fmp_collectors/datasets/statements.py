"""Income statements, balance sheets and cash flow statements."""

from __future__ import annotations

from fmp_collectors.dataset import History
from fmp_collectors.datasets.statement import FiledStatement, declare_statement
from fmp_collectors.records import Number


class IncomeStatement(FiledStatement):
    """Revenue to net income of one period, in the reported currency; per share if the name says so."""

    revenue: Number | None = None
    cost_of_revenue: Number | None = None
    gross_profit: Number | None = None
    operating_expenses: Number | None = None
    operating_income: Number | None = None
    ebitda: Number | None = None
    ebit: Number | None = None
    interest_expense: Number | None = None
    income_before_tax: Number | None = None
    income_tax_expense: Number | None = None
    net_income: Number | None = None
    eps: Number | None = None
    eps_diluted: Number | None = None
    weighted_average_shs_out: Number | None = None
    weighted_average_shs_out_dil: Number | None = None


class BalanceSheet(FiledStatement):
    """Assets, liabilities and equity on the last day of a period, in the reported currency."""

    cash_and_cash_equivalents: Number | None = None
    cash_and_short_term_investments: Number | None = None
    net_receivables: Number | None = None
    inventory: Number | None = None
    total_current_assets: Number | None = None
    goodwill_and_intangible_assets: Number | None = None
    total_assets: Number | None = None
    total_current_liabilities: Number | None = None
    long_term_debt: Number | None = None
    total_liabilities: Number | None = None
    retained_earnings: Number | None = None
    total_stockholders_equity: Number | None = None
    minority_interest: Number | None = None
    total_debt: Number | None = None
    net_debt: Number | None = None


class CashFlow(FiledStatement):
    """Cash in and out over a period, in the reported currency; outflows are negative."""

    net_income: Number | None = None
    depreciation_and_amortization: Number | None = None
    stock_based_compensation: Number | None = None
    operating_cash_flow: Number | None = None
    capital_expenditure: Number | None = None
    free_cash_flow: Number | None = None
    net_dividends_paid: Number | None = None
    common_stock_repurchased: Number | None = None
    net_debt_issuance: Number | None = None
    net_change_in_cash: Number | None = None


INCOME_STATEMENT = declare_statement(
    "income_statement",
    title="Income statements",
    record=IncomeStatement,
    table="fmp_income_statement",
    path="income-statement",
    history=History.DELISTED,
)
BALANCE_SHEET = declare_statement(
    "balance_sheet",
    title="Balance sheets",
    record=BalanceSheet,
    table="fmp_balance_sheet",
    path="balance-sheet-statement",
    history=History.DELISTED,
)
CASH_FLOW = declare_statement(
    "cash_flow",
    title="Cash flow statements",
    record=CashFlow,
    table="fmp_cash_flow",
    path="cash-flow-statement",
    history=History.DELISTED,
)
