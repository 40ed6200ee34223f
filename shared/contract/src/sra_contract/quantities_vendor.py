"""Quantities that the vendor derives from statements. Our own figures with the same meaning have no vendor_ prefix."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

_FRACTION, _RATIO, _GIVEN = "fraction", "ratio", "as the vendor gives it"
_INCOME: Mapping[str, str] = {
    "income_revenue_growth": "revenue",
    "income_gross_profit_growth": "gross profit",
    "income_operating_income_growth": "operating income",
    "income_net_income_growth": "net income",
    "income_eps_growth": "earnings per share",
    "income_eps_diluted_growth": "diluted earnings per share",
    "income_ebitda_growth": "EBITDA",
}
_BALANCE: Mapping[str, str] = {
    "balance_total_assets_growth": "total assets",
    "balance_total_liabilities_growth": "total liabilities",
    "balance_total_stockholders_equity_growth": "total stockholders' equity",
    "balance_total_debt_growth": "total debt",
    "balance_net_debt_growth": "net debt",
    "balance_inventory_growth": "inventory",
}
_CASH_FLOW: Mapping[str, str] = {
    "cash_flow_net_income_growth": "net income",
    "cash_flow_operations_growth": "the cash flow from operations",
    "cash_flow_capital_expenditure_growth": "capital expenditure",
    "cash_flow_free_growth": "free cash flow",
    "cash_flow_dividends_paid_growth": "dividends paid",
}


def _list_growth(names: Mapping[str, str], statement: str) -> dict[str, Quantity]:
    return {
        name: Quantity("numeric", f"Growth of {what} in the {statement}, vendor's.", unit=_FRACTION)
        for name, what in names.items()
    }


VENDOR: Mapping[str, Quantity] = {
    "vendor_gross_profit_margin": Quantity("numeric", "Gross profit / revenue, vendor's.", unit=_FRACTION),
    "vendor_operating_profit_margin": Quantity("numeric", "Operating income / revenue, vendor's.", unit=_FRACTION),
    "vendor_net_profit_margin": Quantity("numeric", "Net income / revenue, vendor's.", unit=_FRACTION),
    "vendor_ebitda_margin": Quantity("numeric", "EBITDA / revenue, vendor's.", unit=_FRACTION),
    "vendor_current_ratio": Quantity("numeric", "Current assets / current liabilities, vendor's.", unit=_RATIO),
    "vendor_quick_ratio": Quantity("numeric", "Liquid assets / current liabilities, vendor's.", unit=_RATIO),
    "vendor_debt_to_equity_ratio": Quantity("numeric", "Debt / equity, vendor's.", unit=_RATIO),
    "vendor_pb_ratio": Quantity("numeric", "Price / book value, vendor's.", unit=_RATIO),
    "vendor_ps_ratio": Quantity("numeric", "Price / sales, vendor's.", unit=_RATIO),
    "vendor_price_to_free_cash_flow_ratio": Quantity("numeric", "Price / free cash flow, vendor's.", unit=_RATIO),
    "vendor_dividend_yield": Quantity("numeric", "Dividends of the period / price, vendor's.", unit=_FRACTION),
    "vendor_dividend_payout_ratio": Quantity("numeric", "Dividends paid / earnings, vendor's.", unit=_FRACTION),
    "vendor_interest_coverage_ratio": Quantity("numeric", "Interest coverage, vendor's.", unit=_RATIO),
    "vendor_book_value_per_share": Quantity("numeric", "Book value per share, vendor's.", unit=_GIVEN),
    "vendor_revenue_per_share": Quantity("numeric", "Revenue per share, vendor's.", unit=_GIVEN),
    "vendor_net_income_per_share": Quantity("numeric", "Net income per share, vendor's.", unit=_GIVEN),
    "vendor_free_cash_flow_per_share": Quantity("numeric", "Free cash flow per share, vendor's.", unit=_GIVEN),
    "vendor_dividend_per_share": Quantity("numeric", "Dividend per share, vendor's.", unit=_GIVEN),
    "vendor_asset_turnover": Quantity("numeric", "Revenue / assets, vendor's.", unit=_RATIO),
    "vendor_effective_tax_rate": Quantity("numeric", "Effective tax rate, vendor's.", unit=_FRACTION),
    "vendor_market_cap": Quantity("numeric", "Market capitalisation, vendor's.", unit=_GIVEN),
    "vendor_enterprise_value": Quantity("numeric", "Enterprise value, vendor's.", unit=_GIVEN),
    "vendor_ev_to_sales": Quantity("numeric", "Enterprise value / revenue, vendor's.", unit=_RATIO),
    "vendor_net_debt_to_ebitda": Quantity("numeric", "Net debt / EBITDA, vendor's.", unit=_RATIO),
    "vendor_return_on_assets": Quantity("numeric", "Return on assets, vendor's.", unit=_FRACTION),
    "vendor_return_on_equity": Quantity("numeric", "Return on equity, vendor's.", unit=_FRACTION),
    "vendor_return_on_invested_capital": Quantity("numeric", "Return on invested capital, vendor's.", unit=_FRACTION),
    "vendor_earnings_yield": Quantity("numeric", "Earnings / price, vendor's.", unit=_FRACTION),
    "vendor_working_capital": Quantity("numeric", "Working capital, vendor's.", unit=_GIVEN),
    "vendor_invested_capital": Quantity("numeric", "Invested capital, vendor's.", unit=_GIVEN),
    "vendor_income_quality": Quantity("numeric", "Income quality, vendor's.", unit=_GIVEN),
    "vendor_graham_number": Quantity("numeric", "Graham number, vendor's.", unit=_GIVEN),
    "vendor_revenue_growth": Quantity("numeric", "Growth of revenue, vendor's.", unit=_FRACTION),
    "vendor_gross_profit_growth": Quantity("numeric", "Growth of gross profit, vendor's.", unit=_FRACTION),
    "vendor_ebit_growth": Quantity("numeric", "Growth of EBIT, vendor's.", unit=_FRACTION),
    "vendor_operating_income_growth": Quantity("numeric", "Growth of operating income, vendor's.", unit=_FRACTION),
    "vendor_net_income_growth": Quantity("numeric", "Growth of net income, vendor's.", unit=_FRACTION),
    "vendor_eps_growth": Quantity("numeric", "Growth of earnings per share, vendor's.", unit=_FRACTION),
    "vendor_eps_diluted_growth": Quantity("numeric", "Growth of diluted earnings per share, vendor's.", unit=_FRACTION),
    "vendor_dividends_per_share_growth": Quantity(
        "numeric", "Growth of dividends per share, vendor's.", unit=_FRACTION
    ),
    "vendor_operating_cash_flow_growth": Quantity(
        "numeric", "Growth of operating cash flow, vendor's.", unit=_FRACTION
    ),
    "vendor_asset_growth": Quantity("numeric", "Growth of assets, vendor's.", unit=_FRACTION),
    "vendor_book_value_per_share_growth": Quantity(
        "numeric", "Growth of book value per share, vendor's.", unit=_FRACTION
    ),
    "vendor_debt_growth": Quantity("numeric", "Growth of debt, vendor's.", unit=_FRACTION),
    "vendor_free_cash_flow_growth": Quantity("numeric", "Growth of free cash flow, vendor's.", unit=_FRACTION),
    **_list_growth(_INCOME, "income statement"),
    **_list_growth(_BALANCE, "balance sheet"),
    **_list_growth(_CASH_FLOW, "cash flow statement"),
}
