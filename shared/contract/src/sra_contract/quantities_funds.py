"""Quantities of funds: values, returns, risk, fees."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

FUNDS: Mapping[str, Quantity] = {
    "adjusted_navps": Quantity(
        "numeric",
        "Net asset value per share in shares of the newest day, with all later splits and reinvested distributions, "
        "to ten decimals.",
        unit="currency of the row",
    ),
    "previous_date": Quantity("date", "Day of the previous value."),
    "previous_navps": Quantity("numeric", "Net asset value per share of previous_date.", unit="currency of the row"),
    "distribution": Quantity("numeric", "Distribution per share, reinvested on the day.", unit="currency of the row"),
    "vendor_price_return_1d": Quantity(
        "numeric", "Change of the net asset value since the previous one, the vendor's percentage.", unit="fraction"
    ),
    "return_1d": Quantity(
        "numeric",
        "Our total return of the day: distributions reinvested on the ex-date, and splits.",
        unit="fraction",
        formula="(NAVPS + distribution) x split_ratio / previous NAVPS - 1",
    ),
    "split_ratio": Quantity("numeric", "New shares for one old share, if the day has a split."),
    "current_yield": Quantity(
        "numeric",
        "The vendor's CurrentYield on the newest day with one, at most 7 days before price_date.",
        unit="as the vendor delivers it",
    ),
    "current_yield_percent_change": Quantity(
        "numeric", "The vendor's CurrentYieldPercentChange.", unit="as the vendor delivers it"
    ),
    "current_yield_date": Quantity("date", "Day of the current yield."),
    "adjustment_factor": Quantity(
        "numeric",
        "Present number of shares per share of the first day.",
        formula="product of (1 + distribution / NAVPS) x split",
    ),
    "total_symbols": Quantity("bigint", "Funds with a net asset value on the day."),
    "avg_navps": Quantity(
        "numeric", "Mean net asset value per share.", unit="currency of the row", formula="arithmetic mean"
    ),
    "median_navps": Quantity(
        "numeric",
        "Median net asset value per share.",
        unit="currency of the row",
        formula="middle value, or the mean of the two in the middle",
    ),
    "advancers": Quantity("bigint", "Funds whose value rose since the previous day."),
    "decliners": Quantity("bigint", "Funds whose value fell since the previous day."),
    "series": Quantity("text", "Series of the fund."),
    "category": Quantity("text", "CIFSC category."),
    "objective": Quantity("text", "Investment objective."),
    "fund_assets": Quantity("numeric", "Assets of the fund, all series.", unit="currency of the row"),
    "series_assets": Quantity("numeric", "Assets of the series.", unit="currency of the row"),
    "assets_date": Quantity("date", "Day of the assets."),
    "inception_return_date": Quantity("date", "First day of month_end_return_since_inception."),
    "fund_grade": Quantity("text", "The vendor's grade, A to E."),
    "returns": Quantity(
        "jsonb", "Annualised return, rank, quartile and percentile in the category over 1, 3, 5 and 10 years."
    ),
    "risk": Quantity("jsonb", "Risk, drawdown and capture over 1, 3, 5 and 10 years."),
    "expenses": Quantity("jsonb", "Newest expense ratio of each type."),
    "allocations_date": Quantity("date", "Newest day of the allocations; each part has its own day."),
    "allocations": Quantity(
        "jsonb", "Portfolio by asset class, region and other types; each type shows the parts of its newest day."
    ),
    "worst_monthly_return": Quantity("numeric", "Worst return of a month, the vendor's percentage.", unit="fraction"),
    "loads": Quantity("jsonb", "How the series is sold, and its loads."),
    "trailers": Quantity("jsonb", "Trailing commissions by the number of months held."),
    "other_fees": Quantity("jsonb", "Fees other than the expense ratios."),
    "benchmarks": Quantity("jsonb", "Benchmark indices of the fund."),
    "instrument_type": Quantity("text", "Type of fund, in the vendor's words."),
    "strategy": Quantity("text", "Investment strategy."),
    "properties": Quantity("text", "Properties, as the vendor lists them."),
    "distribution_frequency": Quantity("text", "How often the fund pays distributions."),
    "legal_status": Quantity("text", "Legal form."),
    "management_type": Quantity("text", "How the fund is managed."),
    "share_class": Quantity("text", "Share class."),
    "fixed_distribution": Quantity("text", "Whether the fund pays a fixed distribution, as delivered."),
    "high_net_worth": Quantity("text", "Whether the fund is for large investors, as delivered."),
    "document_type": Quantity("text", "Kind of offering document."),
    "min_investment": Quantity("numeric", "Minimum initial investment.", unit="currency of the row"),
    "min_subsequent_investment": Quantity("numeric", "Minimum subsequent investment.", unit="currency of the row"),
    "performance_start_date": Quantity("date", "First day from which the vendor computes returns."),
    "ytd_total_distribution": Quantity(
        "numeric",
        "Distributions per share since the end of the previous year, up to month_end_date.",
        unit="currency of the row",
    ),
    "calendar_returns": Quantity(
        "jsonb", "Return, rank, quartile and percentile in the category of each calendar year, newest first."
    ),
    "drawdown_date": Quantity("date", "Month end of worst_monthly_return and the drawdown figures."),
    "uninterrupted_drawdown": Quantity(
        "numeric",
        "The vendor's UninterruptedDrawdown, a percentage.",
        unit="fraction",
        sign="zero or negative",
    ),
    "max_percent_change": Quantity(
        "numeric", "Largest change, vendor's MaxPercentChange.", unit="as the vendor delivers it"
    ),
    "max_start_date": Quantity("date", "First day of max_percent_change."),
    "max_end_date": Quantity("date", "Last day of max_percent_change."),
    "max_down_length": Quantity(
        "numeric", "Length of the longest fall, vendor's MaxDownLength.", unit="as the vendor delivers it"
    ),
    "max_recovery_time": Quantity(
        "numeric", "Time of the longest recovery, vendor's MaxRecoveryTime.", unit="as the vendor delivers it"
    ),
    "equity_capitalization": Quantity("text", "Size of the companies in the portfolio."),
    "equity_style": Quantity("text", "Style of the equities in the portfolio."),
    "equity_style_date": Quantity("date", "Month end of equity_capitalization and equity_style."),
    "fixed_income_duration": Quantity("text", "Class of the duration of the bonds in the portfolio."),
    "fixed_income_credit_rating": Quantity("text", "Class of the credit rating of the bonds in the portfolio."),
    "fixed_income_style_date": Quantity("date", "Month end of fixed_income_duration and fixed_income_credit_rating."),
    "identifiers": Quantity("jsonb", "Identifiers other than InstrumentKey, by type."),
}
