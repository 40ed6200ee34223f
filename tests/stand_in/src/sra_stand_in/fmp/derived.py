"""The vendor's figures derived from statements and prices: growth, ratios, key metrics, scores, earnings."""

from __future__ import annotations

import datetime as dt
import math

from sra_stand_in.fmp.fields import (
    BALANCE_GROWTH,
    CASH_FLOW_GROWTH,
    FINANCIAL_GROWTH,
    INCOME_GROWTH,
)
from sra_stand_in.fmp.prices import annual_dividend, calendar_of, list_dividends, market_cap_on
from sra_stand_in.fmp.statements import (
    QUARTERS,
    Lines,
    Statement,
    balance_lines,
    cash_flow_lines,
    income_lines,
    list_statements,
    open_company,
    open_statement,
)
from sra_stand_in.fmp.universe import Security
from sra_stand_in.fmp.world import Row, World
from sra_stand_in.randomness import between, mix

_ODD_NAMES = {
    "OthertotalStockholdersEquity": "otherTotalStockholdersEquity",
    "TotalLiabilitiesAndStockholdersEquity": "totalLiabilitiesAndTotalEquity",
    "NetCashProvidedByOperatingActivites": "netCashProvidedByOperatingActivities",
    "OtherInvestingActivites": "otherInvestingActivities",
    "NetCashUsedForInvestingActivites": "netCashProvidedByInvestingActivities",
    "DebtRepayment": "netDebtIssuance",
    "CommonStockIssued": "commonStockIssuance",
    "DividendsPaid": "netDividendsPaid",
    "OtherFinancingActivites": "otherFinancingActivities",
    "NetCashUsedProvidedByFinancingActivities": "netCashProvidedByFinancingActivities",
    "EBITDA": "ebitda",
    "EBIT": "ebit",
    "EPS": "eps",
    "EPSDiluted": "epsDiluted",
}
_GROWTH = {
    "income-statement-growth": (INCOME_GROWTH, income_lines),
    "balance-sheet-statement-growth": (BALANCE_GROWTH, balance_lines),
    "cash-flow-statement-growth": (CASH_FLOW_GROWTH, cash_flow_lines),
}
GROWTH_KINDS = tuple(_GROWTH)


def divide(upper: float, lower: float) -> float:
    """A rounded quotient; 0 where there is nothing to divide by, as the vendor has it."""
    return round(upper / lower, 8) if lower else 0


def head_row(statement: Statement) -> Row:
    """The five keys that growth, ratios and key metrics start with."""
    return {
        "symbol": statement.company.security.symbol,
        "date": dt.date.fromordinal(statement.day).isoformat(),
        "fiscalYear": str(statement.year),
        "period": statement.period,
        "reportedCurrency": statement.company.currency,
    }


def previous_of(statement: Statement) -> Statement:
    """The quarter before a quarter, the year before a year."""
    if statement.period in {"FY", "Q1"}:
        period = "FY" if statement.period == "FY" else "Q4"
        return open_statement(statement.company, statement.year - 1, period)
    before = QUARTERS[QUARTERS.index(statement.period) - 1]
    return open_statement(statement.company, statement.year, before)


def _grow(now: float, before: float) -> float:
    return round((now - before) / abs(before), 8) if before else 0


def growth_row(kind: str, statement: Statement) -> Row:
    """One row of a statement growth endpoint; fractions."""
    names, compute = _GROWTH[kind]
    now, before = compute(statement), compute(previous_of(statement))
    row = head_row(statement)
    for name in names:
        stem = name.removeprefix("growth")
        if stem == "GrossProfitRatio":
            row[name] = _grow(
                divide(now["grossProfit"], now["revenue"]), divide(before["grossProfit"], before["revenue"])
            )
            continue
        field = _ODD_NAMES.get(stem) or stem[0].lower() + stem[1:]
        row[name] = _grow(now[field], before[field])
    return row


def _long_growth(statement: Statement, years: int, lines: Lines) -> Row:
    word = {10: "tenY", 5: "fiveY", 3: "threeY"}[years]
    past = open_statement(statement.company, statement.year - years, statement.period)
    old = income_lines(past) | balance_lines(past) | cash_flow_lines(past)
    shares, old_shares = lines["weightedAverageShsOut"], old["weightedAverageShsOut"]

    def per_share(name: str) -> float:
        return _grow(lines[name] / shares, old[name] / old_shares)

    return {
        f"{word}RevenueGrowthPerShare": per_share("revenue"),
        f"{word}OperatingCFGrowthPerShare": per_share("operatingCashFlow"),
        f"{word}NetIncomeGrowthPerShare": per_share("netIncome"),
        f"{word}ShareholdersEquityGrowthPerShare": per_share("totalStockholdersEquity"),
        f"{word}DividendperShareGrowthPerShare": per_share("commonDividendsPaid"),
        f"{word}BottomLineNetIncomeGrowthPerShare": None if years == 10 else per_share("bottomLineNetIncome"),
    }


def financial_growth_row(statement: Statement) -> Row:
    """One row of `financial-growth`; fractions."""
    past = previous_of(statement)
    now = income_lines(statement) | balance_lines(statement) | cash_flow_lines(statement)
    old = income_lines(past) | balance_lines(past) | cash_flow_lines(past)

    def grow(name: str) -> float:
        return _grow(now[name], old[name])

    security = statement.company.security
    paid, paid_before = annual_dividend(security, statement.day), annual_dividend(security, past.day)
    made: Row = {
        "revenueGrowth": grow("revenue"), "grossProfitGrowth": grow("grossProfit"), "ebitgrowth": grow("ebit"),
        "operatingIncomeGrowth": grow("operatingIncome"), "netIncomeGrowth": grow("netIncome"),
        "epsgrowth": grow("eps"), "epsdilutedGrowth": grow("epsDiluted"),
        "weightedAverageSharesGrowth": grow("weightedAverageShsOut"),
        "weightedAverageSharesDilutedGrowth": grow("weightedAverageShsOutDil"),
        "dividendsPerShareGrowth": _grow(paid, paid_before), "operatingCashFlowGrowth": grow("operatingCashFlow"),
        "receivablesGrowth": grow("netReceivables"), "inventoryGrowth": grow("inventory"),
        "assetGrowth": grow("totalAssets"), "bookValueperShareGrowth": grow("totalStockholdersEquity"),
        "debtGrowth": grow("totalDebt"), "rdexpenseGrowth": grow("researchAndDevelopmentExpenses"),
        "sgaexpensesGrowth": grow("sellingGeneralAndAdministrativeExpenses"), "freeCashFlowGrowth": grow("freeCashFlow"),
        "ebitdaGrowth": grow("ebitda"), "growthCapitalExpenditure": grow("capitalExpenditure"),
    }  # fmt: skip
    for years in (10, 5, 3):
        made.update(_long_growth(statement, years, now))
    row = head_row(statement)
    row.update((name, made[name]) for name in FINANCIAL_GROWTH)
    return row


def cap_at(statement: Statement) -> float:
    """The market cap at the end of the period."""
    security = statement.company.security
    return market_cap_on(security, calendar_of(security).latest_at(max(statement.day, security.ipo)))


def _trailing(world: World, one: Security) -> tuple[Lines, Lines, Statement] | None:
    quarters = list_statements(one, world.as_of, annual=False)[:4]
    if not quarters:
        return None
    incomes = [income_lines(quarter) for quarter in quarters]
    return {name: sum(line[name] for line in incomes) for name in incomes[0]}, balance_lines(quarters[0]), quarters[0]


def score_row(world: World, one: Security) -> Row | None:
    """The row of `financial-scores`; None without statements."""
    trailing = _trailing(world, one)
    if trailing is None:
        return None
    income, balance, latest = trailing
    cap, assets = world.snapshot(one).market_cap, balance["totalAssets"]
    working = balance["totalCurrentAssets"] - balance["totalCurrentLiabilities"]
    altman = (
        1.2 * working / assets
        + 1.4 * balance["retainedEarnings"] / assets
        + 3.3 * income["ebit"] / assets
        + 0.6 * divide(cap, balance["totalLiabilities"])
        + income["revenue"] / assets
    )
    return {
        "symbol": one.symbol,
        "reportedCurrency": latest.company.currency,
        "altmanZScore": round(altman, 6),
        "piotroskiScore": mix(one.salt, latest.year, 141) % 10,
        "workingCapital": working,
        "totalAssets": assets,
        "retainedEarnings": balance["retainedEarnings"],
        "ebit": income["ebit"],
        "marketCap": cap,
        "totalLiabilities": balance["totalLiabilities"],
        "revenue": income["revenue"],
    }


def earnings_row(world: World, statement: Statement, *, with_times: bool = False) -> Row:
    """One row of `earnings`; figures are null before the report."""
    security, salt = statement.company.security, statement.company.security.salt
    lines, reported = income_lines(statement), statement.filed - 5 <= world.as_of
    surprise = between(-0.08, 0.12, salt, statement.day)
    row: Row = {
        "symbol": security.symbol,
        "date": dt.date.fromordinal(statement.filed - 5).isoformat(),
        "epsActual": lines["eps"] if reported else None,
        "epsEstimated": round(lines["eps"] * (1 - surprise), 3),
        "revenueActual": lines["revenue"] if reported else None,
        "revenueEstimated": int(lines["revenue"] * (1 - surprise / 4)),
        "lastUpdated": dt.date.fromordinal(statement.filed if reported else statement.day - 30).isoformat(),
    }
    if with_times:
        row |= {
            "time": "bmo" if salt % 2 else "amc",
            "periodEnding": dt.date.fromordinal(statement.day).isoformat(),
            "fiscalPeriod": statement.period,
            "fiscalYear": statement.year,
            "confirmed": reported,
        }
    return row


def list_earnings(world: World, one: Security) -> list[Statement]:
    """Quarters by report date, newest first; the first one is the next, unreported one."""
    if not one.reports:
        return []
    year, company = dt.date.fromordinal(world.as_of).year, open_company(one)
    coming = [
        statement
        for at in (year - 1, year, year + 1, year + 2)
        for period in QUARTERS
        if (statement := open_statement(company, at, period)).filed - 5 > world.as_of and one.ended is None
    ]
    done = [
        statement
        for statement in list_statements(one, world.as_of + 5, annual=False)
        if statement.filed - 5 <= world.as_of
    ]
    return [*coming[:1], *done]


def list_reports(world: World, first: int, last: int) -> list[Statement]:
    """Quarters of every listing with a report date from first to last, newest first."""
    years = range(dt.date.fromordinal(first).year - 1, dt.date.fromordinal(last).year + 2)
    found = [
        statement
        for one in world.universe.listings
        if one.reports
        for year in years
        for period in QUARTERS
        if first <= (statement := open_statement(open_company(one), year, period)).filed - 5 <= last
        and statement.filed <= world.as_of + 100
    ]
    found.sort(key=lambda statement: (statement.filed, statement.company.security.symbol), reverse=True)
    return found


def dividend_per_share(statement: Statement) -> float:
    """Dividends with an ex-date within the period."""
    days = 364 if statement.period == "FY" else 90
    security = statement.company.security
    return round(math.fsum(one.amount for one in list_dividends(security, statement.day - days, statement.day)), 6)
