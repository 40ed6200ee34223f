"""Quantities of funds: values, returns, risk, fees."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

FUNDS: Mapping[str, Quantity] = {
    "navps": Quantity("numeric", "Net asset value per share.", unit="currency of the row"),
    "adjusted_navps": Quantity(
        "numeric",
        "Net asset value per share in shares of the newest day, all distributions and splits since reinvested, to "
        "ten decimals.",
        unit="currency of the row",
    ),
    "previous_date": Quantity("date", "Day of the previous value."),
    "previous_navps": Quantity("numeric", "Net asset value per share of previous_date.", unit="currency of the row"),
    "distribution": Quantity(
        "numeric", "Distribution per share that was reinvested on the day.", unit="currency of the row"
    ),
    "price_return": Quantity(
        "numeric", "Change of the value alone.", unit="fraction", formula="NAVPS / previous NAVPS - 1"
    ),
    "total_return": Quantity(
        "numeric", "Total return, ours: with distributions reinvested on the ex-date and splits.", unit="fraction"
    ),
    "adjustment_factor": Quantity(
        "numeric",
        "Shares that one share of the first day has become.",
        formula="product of (1 + distribution / NAVPS) x split",
    ),
    "stored_at": Quantity("timestamp with time zone", "When the record of the value itself was stored, in UTC."),
    "nav_change": Quantity("numeric", "Change of nav since the day before, vendor's.", unit="currency of the row"),
    "nav_change_percent": Quantity(
        "numeric", "Change of nav since the day before, vendor's.", unit="percent, as the vendor delivers it"
    ),
    "price_return_1d": Quantity(
        "numeric", "Change of the newest value alone, ours.", unit="fraction", formula="NAVPS / previous NAVPS - 1"
    ),
    "total_return_1d": Quantity(
        "numeric",
        "Change of the newest value with distribution and split, ours.",
        unit="fraction",
        formula="(NAVPS + distribution) x split / previous NAVPS - 1",
    ),
    "current_yield_percent": Quantity(
        "numeric",
        "Current yield, of the newest day that has one, at most 7 days before nav_date.",
        unit="percent, as the vendor delivers it",
    ),
    "current_yield_change_percent": Quantity(
        "numeric", "Change of the current yield.", unit="percent, as the vendor delivers it"
    ),
    "current_yield_date": Quantity("date", "Day of the current yield."),
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
    "advancers": Quantity("bigint", "Funds whose value rose since the day before."),
    "decliners": Quantity("bigint", "Funds whose value fell since the day before."),
    "series": Quantity("text", "Series of the fund."),
    "category": Quantity("text", "CIFSC category."),
    "objective": Quantity("text", "Investment objective."),
    "fund_assets": Quantity("numeric", "Assets of the fund, all series.", unit="currency of the row"),
    "series_assets": Quantity("numeric", "Assets of the series.", unit="currency of the row"),
    "assets_date": Quantity("date", "Day of the assets."),
    "returns_date": Quantity("date", "Month's end of the vendor's returns."),
    "return_1m_percent": Quantity("numeric", "Return over one month.", unit="percent, as the vendor delivers it"),
    "return_3m_percent": Quantity("numeric", "Return over three months.", unit="percent, as the vendor delivers it"),
    "return_6m_percent": Quantity("numeric", "Return over six months.", unit="percent, as the vendor delivers it"),
    "return_ytd_percent": Quantity(
        "numeric", "Return since the end of the former year.", unit="percent, as the vendor delivers it"
    ),
    "return_inception_percent": Quantity(
        "numeric", "Return since inception, annualised.", unit="percent, as the vendor delivers it"
    ),
    "inception_return_date": Quantity("date", "First day of return_inception_percent."),
    "fund_grade": Quantity("text", "The vendor's grade, A to E."),
    "returns": Quantity(
        "jsonb", "Annualised return, rank, quartile and percentile in the category over 1, 3, 5 and 10 years."
    ),
    "risk": Quantity("jsonb", "Risk, drawdown and capture over 1, 3, 5 and 10 years."),
    "management_fee_percent": Quantity(
        "numeric", "Management fee of a year.", unit="percent, as the vendor delivers it"
    ),
    "expenses": Quantity("jsonb", "Newest expense ratio of each type."),
    "allocations_date": Quantity("date", "Newest day of the allocations; each part has its own day."),
    "allocations": Quantity(
        "jsonb", "Portfolio by asset class, region and other types; of each type the parts of its newest day."
    ),
    "mer_percent": Quantity("numeric", "Newest management expense ratio.", unit="percent, as the vendor delivers it"),
    "ter_percent": Quantity("numeric", "Newest trading expense ratio.", unit="percent, as the vendor delivers it"),
    "worst_monthly_return_percent": Quantity(
        "numeric", "Worst return of a month.", unit="percent, as the vendor delivers it"
    ),
    "loads": Quantity("jsonb", "How the series is sold, and its loads."),
    "trailers": Quantity("jsonb", "Trailing commissions by months of holding."),
    "other_fees": Quantity("jsonb", "Fees other than the expense ratios."),
    "benchmarks": Quantity("jsonb", "Indices that the fund is measured by."),
    "instrument_type": Quantity("text", "Kind of fund, in the vendor's words."),
    "strategy": Quantity("text", "Investment strategy."),
    "properties": Quantity("text", "Properties, as the vendor lists them."),
    "distribution_frequency": Quantity("text", "How often the fund pays distributions."),
    "legal_status": Quantity("text", "Legal form."),
    "management_type": Quantity("text", "How the fund is managed."),
    "share_class": Quantity("text", "Share class."),
    "fixed_distribution": Quantity("text", "Whether the fund pays a fixed distribution, as delivered."),
    "high_net_worth": Quantity("text", "Whether the fund is for large investors, as delivered."),
    "document_type": Quantity("text", "Kind of offering document."),
    "min_investment": Quantity("numeric", "Smallest first investment.", unit="currency of the row"),
    "sub_investment": Quantity("numeric", "Smallest further investment.", unit="currency of the row"),
    "performance_start_date": Quantity("date", "First day from which the vendor computes returns."),
    "ytd_total_distribution": Quantity(
        "numeric",
        "Distributions per share since the end of the former year, up to returns_date.",
        unit="currency of the row",
    ),
    "calendar_returns": Quantity(
        "jsonb", "Return, rank, quartile and percentile in the category of each calendar year, newest first."
    ),
    "drawdown_date": Quantity("date", "Month's end of worst_monthly_return_percent and the figures of the drawdown."),
    "uninterrupted_drawdown_percent": Quantity(
        "numeric", "Uninterrupted drawdown, vendor's UninterruptedDrawdown.", unit="percent, as the vendor delivers it"
    ),
    "max_percent_change": Quantity(
        "numeric", "Largest change, vendor's MaxPercentChange.", unit="percent, as the vendor delivers it"
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
    "equity_style_date": Quantity("date", "Month's end of equity_capitalization and equity_style."),
    "fixed_income_duration": Quantity("text", "Class of the duration of the bonds in the portfolio."),
    "fixed_income_credit_rating": Quantity("text", "Class of the credit rating of the bonds in the portfolio."),
    "fixed_income_style_date": Quantity("date", "Month's end of fixed_income_duration and fixed_income_credit_rating."),
    "identifiers": Quantity("jsonb", "Identifiers other than InstrumentKey, by type."),
}
