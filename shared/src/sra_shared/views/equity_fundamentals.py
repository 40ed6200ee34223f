"""The statements of a company as its page shows them: the newest four quarters, and twelve months summed up of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from sra_shared.views.performance import count_shares

_INCOME = ("revenue", "gross_profit", "operating_income", "ebitda", "ebit", "interest_expense", "net_income")
_CASH = ("operating_cash_flow", "capital_expenditure", "free_cash_flow")
_BALANCE = (
    *("cash_and_short_term_investments", "total_current_assets", "total_current_liabilities", "total_assets"),
    *("total_liabilities", "total_stockholders_equity", "total_debt", "net_debt"),
)
_FLOWS = (*_INCOME, *_CASH)
_PER_SHARE = ("eps", "eps_diluted")
_SHOWN = (
    *("fiscal_year", "period", "date", "filing_date", "reported_currency"),
    *_INCOME,
    *_PER_SHARE,
    *_CASH,
    *_BALANCE,
)


class Quarter(BaseModel):
    """One fiscal quarter as reported; amounts are in reported_currency, eps and eps_diluted per share as reported."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fiscal_year: int
    period: str
    date: dt.date
    filing_date: dt.date | None
    reported_currency: str | None
    revenue: Decimal | None
    gross_profit: Decimal | None
    operating_income: Decimal | None
    ebitda: Decimal | None
    ebit: Decimal | None
    interest_expense: Decimal | None
    net_income: Decimal | None
    eps: Decimal | None
    eps_diluted: Decimal | None
    operating_cash_flow: Decimal | None
    capital_expenditure: Decimal | None
    free_cash_flow: Decimal | None
    cash_and_short_term_investments: Decimal | None
    total_current_assets: Decimal | None
    total_current_liabilities: Decimal | None
    total_assets: Decimal | None
    total_liabilities: Decimal | None
    total_stockholders_equity: Decimal | None
    total_debt: Decimal | None
    net_debt: Decimal | None


def _list(names: tuple[str, ...], alias: str) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


def _join_same_period(table: str, names: tuple[str, ...], alias: str) -> str:
    """The newest version of the same company's same period in another statement, in the same currency."""
    return f"""LEFT JOIN LATERAL (
    SELECT {_list(names, "x")}, x.updated_at FROM public.{table} x
    WHERE x.symbol = i.symbol AND x.fiscal_year = i.fiscal_year AND x.period = i.period
      AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
    ORDER BY x.date DESC, x.version DESC LIMIT 1
  ) {alias} ON true"""  # noqa: S608 - names of this module


def select_periods(condition: str, most: int) -> str:
    """The newest periods of the company `s.symbol`, newest first (`place` from 1), each in its newest version.

    eps_now and eps_diluted_now are per share of the price's day: a statement counts in shares of the day on which it was filed (a
    restatement, on which we learnt of it), and later splits divide it.
    """
    filed = "greatest(i.filing_date, i.date, CASE WHEN i.version > 1 THEN i.learnt_at::date END)"
    return f"""SELECT i.*, {_list(_CASH, "c")}, {_list(_BALANCE, "b")},
    i.eps / a.shares AS eps_now, i.eps_diluted / a.shares AS eps_diluted_now,
    greatest(i.updated_at, c.updated_at, b.updated_at) AS stored_at,
    row_number() OVER (ORDER BY i.fiscal_year DESC, i.period DESC) AS place
  FROM (
    SELECT DISTINCT ON (x.fiscal_year, x.period) x.symbol, x.fiscal_year, x.period, x.date, x.filing_date, x.version,
      x.learnt_at, x.reported_currency, {_list((*_INCOME, *_PER_SHARE), "x")}, x.updated_at
    FROM public.fmp_income_statement x WHERE x.symbol = s.symbol AND {condition}
    ORDER BY x.fiscal_year DESC, x.period DESC, x.date DESC, x.version DESC LIMIT {most}
  ) i
  {_join_same_period("fmp_cash_flow", _CASH, "c")}
  {_join_same_period("fmp_balance_sheet", _BALANCE, "b")}
  CROSS JOIN LATERAL (SELECT {count_shares(filed)} AS shares) a"""  # noqa: S608


def _sum(name: str, column: str | None = None) -> str:
    """Four quarters summed up, NULL where one of them lacks the figure."""
    column = column or name
    newest = "FILTER (WHERE p.place <= 4)"
    return f"CASE WHEN count(p.{column}) {newest} = 4 THEN sum(p.{column}) {newest} END AS {name}"


def _newest(name: str) -> str:
    return f"max(p.{name}) FILTER (WHERE p.place = 1) AS {name}"


def _grow_year(name: str, column: str) -> str:
    """The newest quarter against the same one a year before, which is the fifth if none is missing."""
    now, then = (f"max(p.{column}) FILTER (WHERE p.place = {place})" for place in (1, 5))
    whole = "max(p.number) FILTER (WHERE p.place = 1) - max(p.number) FILTER (WHERE p.place = 5) = 4"
    same = "count(DISTINCT p.reported_currency) = 1"
    return f"CASE WHEN {whole} AND {same} AND {then} > 0 THEN round({now} / {then} - 1, 6) END AS {name}"


_SHOWN_OBJECT = ", ".join(f"'{name}', p.{name}" for name in _SHOWN)
_QUARTERS = f"""
  SELECT count(*) FILTER (WHERE p.place <= 4) = 4
      AND max(p.number) FILTER (WHERE p.place <= 4) - min(p.number) FILTER (WHERE p.place <= 4) = 3
      AND count(DISTINCT p.reported_currency) FILTER (WHERE p.place <= 4) = 1 AS is_whole,
    coalesce(jsonb_agg(jsonb_build_object({_SHOWN_OBJECT}) ORDER BY p.place) FILTER (WHERE p.place <= 4), '[]') AS items,
    {", ".join(_sum(name) for name in _FLOWS)},
    {_sum("eps", "eps_now")}, {_sum("eps_diluted", "eps_diluted_now")},
    {", ".join(_newest(name) for name in ("date", "reported_currency", *_BALANCE))},
    {_grow_year("revenue_growth", "revenue")}, {_grow_year("earnings_growth", "net_income")},
    max(p.stored_at) AS stored_at
  FROM (SELECT n.*, n.fiscal_year * 4 + right(n.period, 1)::int AS number FROM (
    {select_periods("x.period <> 'FY'", 5)}
  ) n) p
"""  # noqa: S608 - names of this module
_CHOSEN = ("date", "reported_currency", *_FLOWS, *_PER_SHARE, *_BALANCE)
_YEARLY = {name: f"y.{name}_now" for name in _PER_SHARE}


def _choose(name: str) -> str:
    """Of the quarters where they are whole, else of the newest fiscal year."""
    return f"CASE WHEN t.is_whole THEN t.{name} ELSE {_YEARLY.get(name, f'y.{name}')} END AS {name}"


JOIN_FUNDAMENTALS = f"""LEFT JOIN LATERAL ({_QUARTERS.strip()}) t ON true
LEFT JOIN LATERAL ({select_periods("x.period = 'FY'", 1)}) y ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN t.is_whole THEN 'quarters' WHEN y.symbol IS NOT NULL THEN 'fiscal_year' END AS basis,
    {", ".join(_choose(name) for name in _CHOSEN)}
) f"""
