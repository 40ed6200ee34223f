"""Quantities of returns and risk that we compute: performance, price returns, deviation, drawdown, capture."""

from __future__ import annotations

from collections.abc import Mapping

from sra_contract.quantity import Quantity

RETURNS: Mapping[str, Quantity] = {
    "return_1w": Quantity("numeric", "Return over seven days.", unit="fraction", formula="P(end) / P(start) - 1"),
    "return_1m": Quantity("numeric", "Return over one month.", unit="fraction", formula="P(end) / P(start) - 1"),
    "return_3m": Quantity("numeric", "Return over three months.", unit="fraction", formula="P(end) / P(start) - 1"),
    "return_ytd": Quantity(
        "numeric", "Return since the end of the previous year.", unit="fraction", formula="P(end) / P(start) - 1"
    ),
    "return_1y": Quantity("numeric", "Return over one year.", unit="fraction", formula="P(end) / P(start) - 1"),
    "return_basis": Quantity(
        "text",
        "Kind of return_*: total returns if a dividend up to return_date is known, else price returns.",
    ),
    "return_date": Quantity("date", "Day of the newest close, at which every return_* and price_return_* ends."),
    "return_6m": Quantity("numeric", "Return over six months.", unit="fraction", formula="P(end) / P(start) - 1"),
    "return_3y": Quantity(
        "numeric",
        "Return over three years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "return_5y": Quantity(
        "numeric",
        "Return over five years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "return_10y": Quantity(
        "numeric",
        "Return over ten years, annualised.",
        unit="fraction a year",
        formula="(P(end) / P(start)) ^ (365.25 / days) - 1",
    ),
    "return_since_inception": Quantity(
        "numeric",
        "Return since inception, annualised if longer than a year.",
        unit="fraction",
        formula="P(end) / P(start) - 1, annualised by 365.25 days if longer than a year",
    ),
    "price_return_1d": Quantity(
        "numeric",
        "Change of the price, net asset value or level since the previous one, without payments.",
        unit="fraction",
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
    "price_return_qtd": Quantity(
        "numeric",
        "Change of the price since the end of the previous calendar quarter.",
        unit="fraction",
        formula="P(end) / P(start) - 1",
    ),
    "price_return_ytd": Quantity(
        "numeric",
        "Change of the price since the end of the previous year.",
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
    "price_return_since_inception": Quantity(
        "numeric",
        "Change of the price since inception, annualised if longer than a year.",
        unit="fraction",
        formula="P(end) / P(start) - 1, annualised by 365.25 days if longer than a year",
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
        formula="smallest of month end / highest earlier month end - 1",
    ),
    "max_drawdown_3y": Quantity(
        "numeric",
        "Deepest fall over three years.",
        unit="fraction",
        sign="zero or negative",
        formula="smallest of month end / highest earlier month end - 1",
    ),
    "max_drawdown_5y": Quantity(
        "numeric",
        "Deepest fall over five years.",
        unit="fraction",
        sign="zero or negative",
        formula="smallest of month end / highest earlier month end - 1",
    ),
    "benchmark_index": Quantity(
        "text",
        "Benchmark of beta_* and capture: S&P 500 (^GSPC) for USD, S&P/TSX Composite (^GSPTSE) for CAD.",
    ),
    "sharpe_1y": Quantity("numeric", "Sharpe ratio over one year, annualised.", unit="ratio"),
    "sharpe_3y": Quantity("numeric", "Sharpe ratio over three years, annualised.", unit="ratio"),
    "sharpe_5y": Quantity("numeric", "Sharpe ratio over five years, annualised.", unit="ratio"),
    "beta_1y": Quantity("numeric", "Beta over one year.", unit="ratio"),
    "beta_3y": Quantity("numeric", "Beta over three years.", unit="ratio"),
    "beta_5y": Quantity("numeric", "Beta over five years.", unit="ratio"),
    "upside_capture_1y": Quantity(
        "numeric",
        "Upside capture over one year; 1 means rising as much as the index.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in the months in which the index rose",
    ),
    "upside_capture_3y": Quantity(
        "numeric",
        "Upside capture over three years; 1 means rising as much as the index.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in the months in which the index rose",
    ),
    "upside_capture_5y": Quantity(
        "numeric",
        "Upside capture over five years; 1 means rising as much as the index.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in the months in which the index rose",
    ),
    "downside_capture_1y": Quantity(
        "numeric",
        "Downside capture over one year; 1 means falling as much as the index.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in the months in which the index fell",
    ),
    "downside_capture_3y": Quantity(
        "numeric",
        "Downside capture over three years; 1 means falling as much as the index.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in the months in which the index fell",
    ),
    "downside_capture_5y": Quantity(
        "numeric",
        "Downside capture over five years; 1 means falling as much as the index.",
        unit="ratio",
        formula="geometric mean change of the price / that of the index, in the months in which the index fell",
    ),
}
