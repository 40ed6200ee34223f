"""Growth of statement items."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.datasets.statement import PeriodRecord, declare_statement
from fmp_collectors.records import Number


class IncomeGrowth(PeriodRecord):
    """Change of income items since the year before, as fractions."""

    growth_revenue: Number | None = None
    growth_gross_profit: Number | None = None
    growth_operating_income: Number | None = None
    growth_net_income: Number | None = None
    growth_eps: Number | None = Field(None, alias="growthEPS")
    growth_eps_diluted: Number | None = Field(None, alias="growthEPSDiluted")
    growth_ebitda: Number | None = Field(None, alias="growthEBITDA")


class BalanceSheetGrowth(PeriodRecord):
    """Change of balance sheet items, as fractions."""

    growth_total_assets: Number | None = None
    growth_total_liabilities: Number | None = None
    growth_total_stockholders_equity: Number | None = None
    growth_total_debt: Number | None = None
    growth_net_debt: Number | None = None
    growth_inventory: Number | None = None


class CashFlowGrowth(PeriodRecord):
    """Change of cash flow items, as fractions."""

    growth_net_income: Number | None = None
    growth_operating_cash_flow: Number | None = None
    growth_capital_expenditure: Number | None = None
    growth_free_cash_flow: Number | None = None
    growth_dividends_paid: Number | None = None


INCOME_GROWTH = declare_statement(
    "income_growth",
    title="Growth of income items",
    record=IncomeGrowth,
    table="fmp_income_growth",
    path="income-statement-growth",
)
BALANCE_SHEET_GROWTH = declare_statement(
    "balance_sheet_growth",
    title="Growth of balance sheet items",
    record=BalanceSheetGrowth,
    table="fmp_balance_sheet_growth",
    path="balance-sheet-statement-growth",
)
CASH_FLOW_GROWTH = declare_statement(
    "cash_flow_growth",
    title="Growth of cash flow items",
    record=CashFlowGrowth,
    table="fmp_cash_flow_growth",
    path="cash-flow-statement-growth",
)
