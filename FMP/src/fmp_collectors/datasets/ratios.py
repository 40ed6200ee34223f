"""Growth of the main figures, ratios and key metrics, for which the vendor has no bulk endpoint."""

from __future__ import annotations

from pydantic import Field

from fmp_collectors.datasets.statement import PeriodRecord, declare_statement
from fmp_collectors.records import MarketCap, Number


class FinancialGrowth(PeriodRecord):
    """Change of the main figures of all three statements, as fractions."""

    revenue_growth: Number | None = None
    gross_profit_growth: Number | None = None
    ebit_growth: Number | None = Field(None, alias="ebitgrowth")
    operating_income_growth: Number | None = None
    net_income_growth: Number | None = None
    eps_growth: Number | None = Field(None, alias="epsgrowth")
    eps_diluted_growth: Number | None = Field(None, alias="epsdilutedGrowth")
    dividends_per_share_growth: Number | None = None
    operating_cash_flow_growth: Number | None = None
    asset_growth: Number | None = None
    book_value_per_share_growth: Number | None = Field(None, alias="bookValueperShareGrowth")
    debt_growth: Number | None = None
    free_cash_flow_growth: Number | None = None


class Ratio(PeriodRecord):
    """Margins, turnover, valuation and per share figures; fractions, not percent."""

    gross_profit_margin: Number | None = None
    operating_profit_margin: Number | None = None
    net_profit_margin: Number | None = None
    ebitda_margin: Number | None = None
    current_ratio: Number | None = None
    quick_ratio: Number | None = None
    debt_to_equity_ratio: Number | None = None
    price_to_earnings_ratio: Number | None = None
    price_to_book_ratio: Number | None = None
    price_to_sales_ratio: Number | None = None
    price_to_free_cash_flow_ratio: Number | None = None
    dividend_yield: Number | None = None
    dividend_payout_ratio: Number | None = None
    interest_coverage_ratio: Number | None = None
    book_value_per_share: Number | None = None
    revenue_per_share: Number | None = None
    net_income_per_share: Number | None = None
    free_cash_flow_per_share: Number | None = None
    dividend_per_share: Number | None = None
    asset_turnover: Number | None = None
    effective_tax_rate: Number | None = None


class KeyMetric(PeriodRecord):
    """Value, returns and efficiency of a company in one period."""

    market_cap: MarketCap | None = None
    enterprise_value: Number | None = None
    ev_to_sales: Number | None = None
    ev_to_ebitda: Number | None = Field(None, alias="evToEBITDA")
    net_debt_to_ebitda: Number | None = Field(None, alias="netDebtToEBITDA")
    return_on_assets: Number | None = None
    return_on_equity: Number | None = None
    return_on_invested_capital: Number | None = None
    earnings_yield: Number | None = None
    free_cash_flow_yield: Number | None = None
    working_capital: Number | None = None
    invested_capital: Number | None = None
    income_quality: Number | None = None
    graham_number: Number | None = None


FINANCIAL_GROWTH = declare_statement(
    "financial_growth",
    title="Growth of the main figures",
    record=FinancialGrowth,
    table="fmp_financial_growth",
    path="financial-growth",
    has_bulk=False,
)
RATIOS = declare_statement("ratios", title="Ratios", record=Ratio, table="fmp_ratio", path="ratios", has_bulk=False)
KEY_METRICS = declare_statement(
    "key_metrics",
    title="Key metrics",
    record=KeyMetric,
    table="fmp_key_metric",
    path="key-metrics",
    has_bulk=False,
)
