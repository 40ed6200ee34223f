"""Quantities of funds at a month end: the vendor's returns, ranks and fees, and the check of our returns."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

MONTH_ENDS: Mapping[str, Quantity] = {
    "month_end_date": Quantity("date", "Month end of the figures that have no separate date."),
    "month_end_return_1m": Quantity("numeric", "Return over one month.", unit="fraction"),
    "month_end_return_3m": Quantity("numeric", "Return over three months.", unit="fraction"),
    "month_end_return_6m": Quantity("numeric", "Return over six months.", unit="fraction"),
    "month_end_return_ytd": Quantity("numeric", "Return since the end of the previous year.", unit="fraction"),
    "month_end_return_since_inception": Quantity(
        "numeric", "Return since inception_return_date, annualised.", unit="fraction a year"
    ),
    "month_end_date_1y": Quantity("date", "Month end of month_end_return_1y."),
    "month_end_return_1y": Quantity("numeric", "Return over one year.", unit="fraction a year"),
    "rank_date_1y": Quantity("date", "Month end of the rank over one year."),
    "category_rank_1y": Quantity("bigint", "Rank in the category by return over one year; 1 is best.", unit="place"),
    "category_fund_count_1y": Quantity("bigint", "Funds of the category that are ranked over one year.", unit="funds"),
    "quartile_1y": Quantity("bigint", "Quartile in the category over one year; 1 is best.", unit="place"),
    "percentile_1y": Quantity("bigint", "100 x rank / funds over one year, rounded up; 1 is best.", unit="place"),
    "month_end_date_3y": Quantity("date", "Month end of month_end_return_3y."),
    "month_end_return_3y": Quantity("numeric", "Return over three years, annualised.", unit="fraction a year"),
    "rank_date_3y": Quantity("date", "Month end of the rank over three years."),
    "category_rank_3y": Quantity("bigint", "Rank in the category by return over three years; 1 is best.", unit="place"),
    "category_fund_count_3y": Quantity(
        "bigint", "Funds of the category that are ranked over three years.", unit="funds"
    ),
    "quartile_3y": Quantity("bigint", "Quartile in the category over three years; 1 is best.", unit="place"),
    "percentile_3y": Quantity("bigint", "100 x rank / funds over three years, rounded up; 1 is best.", unit="place"),
    "month_end_date_5y": Quantity("date", "Month end of month_end_return_5y."),
    "month_end_return_5y": Quantity("numeric", "Return over five years, annualised.", unit="fraction a year"),
    "rank_date_5y": Quantity("date", "Month end of the rank over five years."),
    "category_rank_5y": Quantity("bigint", "Rank in the category by return over five years; 1 is best.", unit="place"),
    "category_fund_count_5y": Quantity(
        "bigint", "Funds of the category that are ranked over five years.", unit="funds"
    ),
    "quartile_5y": Quantity("bigint", "Quartile in the category over five years; 1 is best.", unit="place"),
    "percentile_5y": Quantity("bigint", "100 x rank / funds over five years, rounded up; 1 is best.", unit="place"),
    "month_end_date_10y": Quantity("date", "Month end of month_end_return_10y."),
    "month_end_return_10y": Quantity("numeric", "Return over ten years, annualised.", unit="fraction a year"),
    "rank_date_10y": Quantity("date", "Month end of the rank over ten years."),
    "category_rank_10y": Quantity("bigint", "Rank in the category by return over ten years; 1 is best.", unit="place"),
    "category_fund_count_10y": Quantity(
        "bigint", "Funds of the category that are ranked over ten years.", unit="funds"
    ),
    "quartile_10y": Quantity("bigint", "Quartile in the category over ten years; 1 is best.", unit="place"),
    "percentile_10y": Quantity("bigint", "100 x rank / funds over ten years, rounded up; 1 is best.", unit="place"),
    "risk_date_1y": Quantity("date", "Month end of the risk over one year."),
    "risk_date_3y": Quantity("date", "Month end of the risk over three years."),
    "risk_date_5y": Quantity("date", "Month end of the risk over five years."),
    "risk_date_10y": Quantity("date", "Month end of the risk over ten years."),
    "vendor_standard_deviation_1y": Quantity(
        "numeric", "Standard deviation of the returns over one year, annualised, vendor's.", unit="fraction a year"
    ),
    "vendor_sharpe_1y": Quantity("numeric", "Sharpe ratio over one year, annualised, vendor's.", unit="ratio"),
    "vendor_beta_1y": Quantity("numeric", "Beta over one year, vendor's.", unit="ratio"),
    "vendor_standard_deviation_3y": Quantity(
        "numeric",
        "Standard deviation of the returns over three years, annualised, vendor's.",
        unit="fraction a year",
    ),
    "vendor_sharpe_3y": Quantity("numeric", "Sharpe ratio over three years, annualised, vendor's.", unit="ratio"),
    "vendor_beta_3y": Quantity("numeric", "Beta over three years, vendor's.", unit="ratio"),
    "vendor_standard_deviation_5y": Quantity(
        "numeric",
        "Standard deviation of the returns over five years, annualised, vendor's.",
        unit="fraction a year",
    ),
    "vendor_sharpe_5y": Quantity("numeric", "Sharpe ratio over five years, annualised, vendor's.", unit="ratio"),
    "vendor_beta_5y": Quantity("numeric", "Beta over five years, vendor's.", unit="ratio"),
    "vendor_standard_deviation_10y": Quantity(
        "numeric", "Standard deviation of the returns over ten years, annualised, vendor's.", unit="fraction a year"
    ),
    "vendor_sharpe_10y": Quantity("numeric", "Sharpe ratio over ten years, annualised, vendor's.", unit="ratio"),
    "vendor_beta_10y": Quantity("numeric", "Beta over ten years, vendor's.", unit="ratio"),
    "management_expense_ratio": Quantity("numeric", "Newest management expense ratio.", unit="fraction a year"),
    "expense_date": Quantity("date", "Day of management_expense_ratio."),
    "trading_expense_ratio": Quantity("numeric", "Newest trading expense ratio.", unit="fraction a year"),
    "trading_expense_date": Quantity("date", "Day of trading_expense_ratio."),
    "management_fee": Quantity("numeric", "Management fee.", unit="fraction a year"),
    "start_date": Quantity("date", "Day of the start value."),
    "end_date": Quantity("date", "Day of the end value."),
    "total_return": Quantity(
        "numeric",
        "Our total return of the month: distributions reinvested on the ex-date, and splits.",
        unit="fraction",
    ),
    "vendor_return": Quantity(
        "numeric", "The vendor's total return of the month, with all delivered digits.", unit="fraction"
    ),
    "difference": Quantity(
        "numeric",
        "Our return of the month less the vendor's.",
        unit="fraction",
        formula="total_return - vendor_return",
    ),
    "is_within": Quantity("boolean", "Whether the two returns differ by at most 0.001."),
    "reason": Quantity("text", "Why the two returns cannot be compared; NULL if they can."),
}
