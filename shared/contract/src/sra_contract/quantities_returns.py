"""Quantities of returns and risk, ours: performance, price returns, deviation, drawdown, capture."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

RETURNS: Mapping[str, Quantity] = {
    "performance_1d": Quantity(
        "numeric", "Performance over one session.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "performance_1w": Quantity(
        "numeric", "Performance over seven days.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "performance_1m": Quantity(
        "numeric", "Performance over one month.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "performance_3m": Quantity(
        "numeric", "Performance over three months.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "performance_qtd": Quantity(
        "numeric",
        "Performance since the end of the former calendar quarter.",
        unit="fraction",
        formula="P(end) / P(start) - 1",
    ),
    "performance_ytd": Quantity(
        "numeric", "Performance since the end of the former year.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "performance_1y": Quantity(
        "numeric", "Performance over one year.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "performance_basis": Quantity(
        "text",
        "What performance_* are: total returns if a dividend up to performance_date is known, else price returns.",
    ),
    "performance_date": Quantity("date", "Day of the newest close, at which every performance ends."),
    "performance_6m": Quantity(
        "numeric", "Performance over six months.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "performance_3y": Quantity(
        "numeric",
        "Performance over three years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "performance_5y": Quantity(
        "numeric",
        "Performance over five years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "performance_10y": Quantity(
        "numeric",
        "Performance over ten years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "performance_inception": Quantity(
        "numeric",
        "Performance since inception, annualised beyond a year.",
        unit="fraction",
        formula="P(end) / P(start) - 1, annualised by 365.25 days beyond a year",
    ),
    "price_return_1w": Quantity(
        "numeric", "Change of the price over seven days.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "price_return_1m": Quantity(
        "numeric", "Change of the price over one month.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "price_return_3m": Quantity(
        "numeric", "Change of the price over three months.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "price_return_6m": Quantity(
        "numeric", "Change of the price over six months.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "price_return_ytd": Quantity(
        "numeric",
        "Change of the price since the end of the former year.",
        unit="fraction",
        formula="P(end) / P(start) - 1",
    ),
    "price_return_1y": Quantity(
        "numeric", "Change of the price over one year.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "price_return_3y": Quantity(
        "numeric",
        "Change of the price over three years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "price_return_5y": Quantity(
        "numeric",
        "Change of the price over five years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "price_return_10y": Quantity(
        "numeric",
        "Change of the price over ten years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "price_return_inception": Quantity(
        "numeric",
        "Change of the price since inception, annualised beyond a year.",
        unit="fraction",
        formula="P(end) / P(start) - 1, annualised by 365.25 days beyond a year",
    ),
    "standard_deviation_1y": Quantity(
        "numeric", "Standard deviation of the returns over one year, annualised.", unit="fraction a year"
    ),
    "standard_deviation_3y": Quantity(
        "numeric", "Standard deviation of the returns over three years, annualised.", unit="fraction a year"
    ),
    "standard_deviation_5y": Quantity(
        "numeric", "Standard deviation of the returns over five years, annualised.", unit="fraction a year"
    ),
    "max_drawdown_1y": Quantity(
        "numeric",
        "Deepest fall over one year.",
        unit="fraction",
        sign="zero or negative",
        formula="smallest of month's end / highest former month's end - 1",
    ),
    "max_drawdown_3y": Quantity(
        "numeric",
        "Deepest fall over three years.",
        unit="fraction",
        sign="zero or negative",
        formula="smallest of month's end / highest former month's end - 1",
    ),
    "max_drawdown_5y": Quantity(
        "numeric",
        "Deepest fall over five years.",
        unit="fraction",
        sign="zero or negative",
        formula="smallest of month's end / highest former month's end - 1",
    ),
    "benchmark_index": Quantity(
        "text",
        "Index that beta_* and capture are against: S&P 500 (^GSPC) for USD, S&P/TSX Composite (^GSPTSE) for CAD.",
    ),
    "sharpe_1y": Quantity("numeric", "Sharpe ratio over one year, annualised.", unit="ratio"),
    "sharpe_3y": Quantity("numeric", "Sharpe ratio over three years, annualised.", unit="ratio"),
    "sharpe_5y": Quantity("numeric", "Sharpe ratio over five years, annualised.", unit="ratio"),
    "beta_1y": Quantity("numeric", "Beta over one year.", unit="ratio"),
    "beta_3y": Quantity("numeric", "Beta over three years.", unit="ratio"),
    "beta_5y": Quantity("numeric", "Beta over five years.", unit="ratio"),
    "up_capture_1y": Quantity(
        "numeric",
        "Up capture over one year: 1 rises as the index does.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in months in which the index rose",
    ),
    "up_capture_3y": Quantity(
        "numeric",
        "Up capture over three years: 1 rises as the index does.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in months in which the index rose",
    ),
    "up_capture_5y": Quantity(
        "numeric",
        "Up capture over five years: 1 rises as the index does.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in months in which the index rose",
    ),
    "down_capture_1y": Quantity(
        "numeric",
        "Down capture over one year: 1 falls as the index does.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in months in which the index fell",
    ),
    "down_capture_3y": Quantity(
        "numeric",
        "Down capture over three years: 1 falls as the index does.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in months in which the index fell",
    ),
    "down_capture_5y": Quantity(
        "numeric",
        "Down capture over five years: 1 falls as the index does.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in months in which the index fell",
    ),
}
