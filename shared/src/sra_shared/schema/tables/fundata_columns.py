"""The delivered columns of Fundata's two tables, in the order of the tables, each with its comment.

Fundata documents no units. A unit is stated if the views rely on it; all other figures are *as delivered*.
"""

from __future__ import annotations

from collections.abc import Mapping

_CURRENCY = "in the fund's currency"
_PERCENT = "in percent, as delivered"
_DELIVERED = "as delivered"
_SPANS = {"one": "one year", "three": "three years", "five": "five years", "ten": "ten years"}


def _add_unit(unit: str, comments: Mapping[str, str]) -> dict[str, str]:
    return {name: f"{comment}, {unit}." for name, comment in comments.items()}


def _list_spans(column: str, what: str, unit: str = _DELIVERED) -> dict[str, str]:
    return {f"{name}_year_{column}": f"{what} over {span}, {unit}." for name, span in _SPANS.items()}


DATA_TEXTS: Mapping[str, str] = {
    "language": "Language of the record, as delivered, such as EN or FR.",
    **_add_unit(
        _DELIVERED,
        {
            "legal_name": "Legal name of the fund or benchmark",
            "family_name": "Name of the fund family",
            "series_name": "Name of the series",
            "company": "Fund company",
            "currency": "Code of the fund's currency",
            "instrument_type": "Type of the instrument",
            "objective": "Investment objective",
            "strategy": "Investment strategy",
            "cifsc_type": "Category of the Canadian Investment Funds Standards Committee (CIFSC)",
            "properties": "Properties of the fund",
            "distribution_frequency": "Frequency of the distributions",
            "legal_status": "Legal form",
            "management_type": "Type of management",
            "share_class": "Share class",
            "fixed_distribution": "Whether it pays a fixed distribution",
            "high_net_worth": "Whether the fund is for large investors",
            "document_type": "Kind of offering document",
            "identifier_type": "Type of the identifier in identifier_value",
            "identifier_value": "Identifier of the instrument, of the type in identifier_type",
            "allocation_type": "Kind of the allocation, such as by asset or by sector",
            "allocation_name": "Name of the part to which allocation_value applies",
            "expense_type": "Type of the expense in expense_value",
            "fund_grade": "Grade of the fund, a letter",
            "benchmark_type": "Type of the benchmark",
        },
    ),
    "benchmark_instrument_key": "InstrumentKey of the benchmark: its identifier in BenchmarkGeneral.",
    **_add_unit(
        _DELIVERED,
        {
            "capitalization": "Capitalisation class of the equity style",
            "style": "Equity style",
            "duration_class": "Duration class of the fixed income style",
            "credit_rating_class": "Credit rating class of the fixed income style",
            "fund_serv_code": "FundSERV code",
            "sales_status": "Sales status under this FundSERV code",
            "load_type": "Type of load",
            "fee_type": "Type of the fee in value",
            "paid_by": "Payer of the fee",
            "fee_note": "Note on the fee, in prose",
            "security": "Name of the security held",
            "description": "Description of the trailer fee",
        },
    ),
}

DATA_DATES: Mapping[str, str] = {
    "inception_date": "Day of the fund's inception.",
    "allocation_date": "Day of the allocation.",
    "expense_date": "Day of the expense in expense_value.",
    "date": "Day of the assets, distribution or holding.",
    "month_end_date": "Month end of the figures.",
    "performance_start_date": "Day from which performance is measured.",
    "inception_return_date": "Day from which inception_return is measured.",
    "max_start_date": "First day of the span of max_percent_change.",
    "max_end_date": "Last day of the span of max_percent_change.",
}

DATA_NUMBERS: Mapping[str, str] = {
    "min_investment": f"Minimum first investment, {_CURRENCY}.",
    "sub_investment": f"Minimum subsequent investment, {_CURRENCY}.",
    "management_fee": f"Management fee, {_PERCENT}.",
    "allocation_value": f"Share of the part in allocation_name, {_PERCENT}.",
    "expense_value": f"Value of the expense in expense_type, {_DELIVERED}.",
    **_add_unit(
        f"{_CURRENCY}; NULL from ten billion on",
        {"fund_assets_value": "Assets of the fund", "series_assets_value": "Assets of the series"},
    ),
    **_add_unit(
        _PERCENT,
        {
            "one_month_return": "Return over one month to month_end_date",
            "three_month_return": "Return over three months to month_end_date",
            "six_month_return": "Return over six months to month_end_date",
            "ytd_return": "Return of the year to month_end_date",
            "inception_return": "Annualised return from inception_return_date to month_end_date",
        },
    ),
    "ytd_total_distribution": f"Distributions of the year to month_end_date, {_CURRENCY}.",
    "year": "Number of years that the figures cover, such as 1, 3, 5 or 10.",
    "compound_return": f"Annualised return over the years in year, {_PERCENT}.",
    "calendar_simple_return": f"Return of the calendar year in calendar_return_year, {_PERCENT}.",
    **_add_unit(
        _DELIVERED,
        {
            "calendar_return_year": "Calendar year of calendar_simple_return",
            "compound_return_quartile": "Quartile of the compound return among the funds of the category",
            "compound_return_fund_count": "Number of funds that compound_return_ranking counts",
            "compound_return_ranking": "Rank of the compound return among the funds of the category",
            "calendar_return_quartile": "Quartile of the calendar return among the funds of the category",
            "calendar_return_fund_count": "Number of funds that calendar_return_ranking counts",
            "calendar_return_ranking": "Rank of the calendar return among the funds of the category",
            "annualized_std": "Annualised standard deviation",
            "annualized_alpha": "Annualised alpha",
            "beta": "Beta",
            "r_squared": "R-squared",
            "annualized_sharpe": "Annualised Sharpe ratio",
            "annualized_treynor": "Annualised Treynor ratio",
            "annualized_sortino": "Annualised Sortino ratio",
            "annualized_information_ratio": "Annualised information ratio",
            "annualized_jensen_alpha": "Annualised Jensen's alpha",
            "annualized_tracking_error": "Annualised tracking error",
            "tax_efficiency": "Tax efficiency",
            "calmar": "Calmar ratio",
            "downside_deviation": "Downside deviation",
        },
    ),
    "worst_monthly_return": f"Worst return of a month, {_PERCENT}.",
    "uninterrupted_drawdown": f"Uninterrupted drawdown, {_PERCENT}.",
    "max_percent_change": f"Change from max_start_date to max_end_date, {_PERCENT}.",
    "max_down_length": f"Length of the decline, {_DELIVERED}.",
    "max_recovery_time": f"Time that the recovery took, {_DELIVERED}.",
    **_list_spans("max_drawdown", "Maximum drawdown", _PERCENT),
    **_list_spans("category_batting", "Batting average against the category"),
    **_list_spans("absolute_batting", "Absolute batting average"),
    **_list_spans("up_capture", "Up capture"),
    **_list_spans("down_capture", "Down capture"),
    **_add_unit(
        f"per share, {_CURRENCY}",
        {
            "total_distribution": "Distribution in total",
            "dividend_income": "Part of the distribution that is dividend income",
            "foreign_dividend_income": "Part of the distribution that is foreign dividend income",
            "capital_gains": "Part of the distribution that is capital gains",
            "interest_income": "Part of the distribution that is interest income",
            "return_of_principle": "Part of the distribution that is return of capital",
        },
    ),
    "max_percent": f"Maximum load, {_PERCENT}.",
    "value": f"Value of the fee in fee_type, {_DELIVERED}.",
    "days": f"Number of days on which the fee depends, {_DELIVERED}.",
    "market_percent": f"Share of the fund's market value, {_PERCENT}.",
    "holding_number": f"Number of the holding within the fund, {_DELIVERED}.",
    "start_month": f"First month of the trailer schedule's step, {_DELIVERED}.",
    "end_month": f"Last month of the trailer schedule's step, {_DELIVERED}.",
    "fee": f"Trailer fee, {_PERCENT}.",
}

QUOTE_NUMBERS: Mapping[str, str] = {
    "navps": f"Net asset value per share at two decimals, {_CURRENCY}; all digits are in raw_json.",
    "navps_penny_change": f"Change of navps against the previous value, {_CURRENCY}.",
    "navps_percent_change": f"Change of navps against the previous value, {_PERCENT}.",
    "previous_navps": f"Net asset value per share on previous_date, {_CURRENCY}.",
    "current_yield": f"Current yield, {_PERCENT}.",
    "current_yield_percent_change": f"Change of current_yield, {_PERCENT}.",
    **_add_unit(
        f"per share, {_CURRENCY}",
        {
            "total_distribution": "Distribution of the day in total",
            "dividend_income_distribution": "Part of the distribution that is dividend income",
            "foreign_dividend_income_distribution": "Part of the distribution that is foreign dividend income",
            "capital_gains_distribution": "Part of the distribution that is capital gains",
            "interest_income_distribution": "Part of the distribution that is interest income",
            "return_of_principle_distribution": "Part of the distribution that is return of capital",
        },
    ),
}
