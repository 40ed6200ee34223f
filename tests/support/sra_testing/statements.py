"""Statements of companies for tests, stored as the FMP service stores them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sra_shared.kit.db import Connection
from sra_testing.records import put_price, put_profile, put_row


async def put_quarter(
    connection: Connection, run: UUID, period: str, day: date, symbol: str = "ABC", **values: Any
) -> None:
    """Store a quarter, or year, with round figures: revenue 100, net income 10, 20 shares, equity 200, debt 50."""
    key = {"symbol": symbol, "period": period, "date": day, "fiscal_year": day.year, "version": 1, **values}
    income = {
        "revenue": "100", "gross_profit": "40", "operating_income": "20", "ebitda": "25", "ebit": "21",
        "interest_expense": "3", "net_income": "10", "eps": "1", "eps_diluted": "0.9", "weighted_average_shs_out_dil": "20",
    }  # fmt: skip
    head = {"reported_currency": "USD", "filing_date": date(day.year + day.month // 12, day.month % 12 + 1, 20)}
    sheet = {"minority_interest": key.pop("minority_interest")} if "minority_interest" in key else {}
    await put_row(connection, run, "fmp_income_statement", **{**head, **income, **key})
    own = {name: value for name, value in key.items() if name not in income}
    await put_row(
        connection, run, "fmp_balance_sheet", total_assets="500", total_liabilities="300", total_stockholders_equity="200",
        total_current_assets="90", total_current_liabilities="60", cash_and_short_term_investments="20", total_debt="50",
        net_debt="30", **{**head, **own, **sheet},
    )  # fmt: skip
    await put_row(
        connection, run, "fmp_cash_flow", operating_cash_flow="15", capital_expenditure="-5", free_cash_flow="10",
        **{**head, **own},
    )  # fmt: skip


async def put_company(connection: Connection, run: UUID, symbol: str = "ABC", **values: Any) -> None:
    """Store a company of 20 shares at 72 a share, worth 1,440."""
    await put_profile(connection, run, symbol, market_cap=Decimal(1440), **values)
    await put_price(connection, run, symbol, datetime(2025, 9, 26, 20, tzinfo=UTC), "72", market_cap="1440")
