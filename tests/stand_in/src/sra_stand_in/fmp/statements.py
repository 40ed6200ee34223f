"""Statements of a company, computed from (company, fiscal year, quarter); their sums hold.

A year's flows are the sum of its quarters, its balance is that of the fourth; cash moves from one balance to the next.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from sra_stand_in.fmp.fields import BALANCE, CASH_FLOW, INCOME
from sra_stand_in.fmp.prices import ANCHOR, share_factor, smooth_price
from sra_stand_in.fmp.universe import Security
from sra_stand_in.fmp.world import Row
from sra_stand_in.randomness import NOISE, NOISE_MASK, between, gauss, mix, pick, unit

QUARTERS = ("Q1", "Q2", "Q3", "Q4")
PERIODS = (*QUARTERS, "FY")
FIRST_FISCAL_YEAR = 2005
Lines = dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """The constants of one issuer's books."""

    security: Security
    revenue: float
    growth: float
    gross_margin: float
    operating_margin: float
    research: float
    tax_rate: float
    depreciation: float
    capex: float
    leverage: float
    payout: float
    goodwill: float
    currency: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One period of one company: the fiscal year, the period, its last day and its filing day."""

    company: Company
    year: int
    period: str
    day: int
    filed: int


@lru_cache(maxsize=16384)
def _draw_constants(
    salt: int, value: float
) -> tuple[float, float, float, float, float, float, float, float, float, float, float]:
    gross = between(0.18, 0.75, salt, 102)
    margin = between(-0.15, 0.02, salt, 104) if unit(salt, 103) < 0.2 else between(0.04, gross * 0.6, salt, 104)
    return (
        value / between(0.8, 9.0, salt, 101),
        between(-0.04, 0.17, salt, 105),
        gross,
        margin,
        between(0.0, 0.12, salt, 106) if unit(salt, 107) < 0.5 else 0.0,
        between(0.15, 0.28, salt, 108),
        between(0.02, 0.09, salt, 109),
        between(0.02, 0.11, salt, 110),
        between(0.05, 0.7, salt, 111),
        between(0.1, 0.6, salt, 112),
        between(0.0, 0.3, salt, 113) if unit(salt, 114) < 0.6 else 0.0,
    )


@lru_cache(maxsize=16384)
def open_company(one: Security) -> Company:
    """The books of a listing."""
    value = smooth_price(one, ANCHOR) * one.shares
    numbers = _draw_constants(one.salt, value)
    odd = unit(one.salt, 115)
    currency = one.currency
    if one.exchange.code == "TSX" and odd < 0.15:
        currency = "USD"
    elif one.country not in {"US", "CA"}:
        currency = pick(("EUR", "GBP", "JPY", "CHF"), one.salt, 116)
    return Company(one, *numbers, currency)


def _period_end(company: Company, year: int, quarter: int) -> dt.date:
    months = year * 12 + company.security.fiscal_month - 3 * (4 - quarter)
    return dt.date(months // 12, months % 12 + 1, 1) - dt.timedelta(days=1)


def open_statement(company: Company, year: int, period: str) -> Statement:
    """The frame of one period."""
    quarter = 4 if period == "FY" else int(period[1])
    day = _period_end(company, year, quarter).toordinal()
    wait = 45 if quarter == 4 else 28
    return Statement(company, year, period, day, day + wait + mix(company.security.salt, year, quarter) % 18)


def list_statements(one: Security, as_of: int, *, annual: bool) -> list[Statement]:
    """Filed periods, newest first: fiscal years, or quarters."""
    if not one.reports:
        return []
    company = open_company(one)
    first = max(FIRST_FISCAL_YEAR, dt.date.fromordinal(one.ipo).year)
    names = ("FY",) if annual else tuple(reversed(QUARTERS))
    found = [
        open_statement(company, year, period)
        for year in range(dt.date.fromordinal(as_of).year + 1, first - 1, -1)
        for period in names
    ]
    end = as_of if one.ended is None else one.ended
    return [statement for statement in found if statement.filed <= as_of and statement.day <= end]


def _revenue(company: Company, year: int, quarter: int) -> float:
    salt = company.security.salt
    annual: float = company.revenue * (1 + company.growth) ** (year - 2024 + quarter / 4)
    return annual * (0.25 + 0.012 * (quarter - 2.5)) * (1 + 0.03 * gauss(salt, year, quarter, 121))


@lru_cache(maxsize=2048)
def _quarter_balance(company: Company, year: int, quarter: int) -> Lines:
    salt = company.security.salt
    scale, at = 4 * _revenue(company, year, quarter), mix(salt, year, quarter)

    def part(share: float, code: int) -> int:
        return int(scale * share * (1 + 0.06 * NOISE[(at + code * 131) & NOISE_MASK]))

    line: Lines = {
        "cashAndCashEquivalents": part(0.12, 1), "shortTermInvestments": part(0.05, 2),
        "accountsReceivables": part(0.13, 3), "otherReceivables": part(0.01, 4), "inventory": part(0.09, 5),
        "prepaids": part(0.012, 6), "otherCurrentAssets": part(0.01, 7), "propertyPlantEquipmentNet": part(0.42, 8),
        "goodwill": part(company.goodwill, 9), "intangibleAssets": part(0.08, 10), "longTermInvestments": part(0.06, 11),
        "taxAssets": part(0.02, 12), "otherNonCurrentAssets": part(0.03, 13), "otherAssets": 0,
        "accountPayables": part(0.08, 14), "otherPayables": part(0.005, 15), "accruedExpenses": part(0.04, 16),
        "shortTermDebt": part(company.leverage * 0.12, 17), "capitalLeaseObligationsCurrent": part(0.008, 18),
        "taxPayables": part(0.008, 19), "deferredRevenue": part(0.03, 20), "otherCurrentLiabilities": part(0.02, 21),
        "longTermDebt": part(company.leverage * 0.6, 22), "capitalLeaseObligationsNonCurrent": part(0.04, 23),
        "deferredRevenueNonCurrent": part(0.008, 24), "deferredTaxLiabilitiesNonCurrent": part(0.015, 25),
        "otherNonCurrentLiabilities": part(0.02, 26), "otherLiabilities": 0, "treasuryStock": -part(0.05, 27),
        "preferredStock": 0, "commonStock": part(0.01, 28), "additionalPaidInCapital": part(0.2, 29),
        "accumulatedOtherComprehensiveIncomeLoss": -part(0.01, 30), "otherTotalStockholdersEquity": 0,
        "minorityInterest": part(0.004, 31),
    }  # fmt: skip
    return _add_balance_totals(line)


def _add_balance_totals(line: Lines) -> Lines:
    def total(*names: str) -> float:
        return sum(line[name] for name in names)

    line["cashAndShortTermInvestments"] = total("cashAndCashEquivalents", "shortTermInvestments")
    line["netReceivables"] = total("accountsReceivables", "otherReceivables")
    line["totalCurrentAssets"] = total(
        "cashAndShortTermInvestments", "netReceivables", "inventory", "prepaids", "otherCurrentAssets"
    )
    line["goodwillAndIntangibleAssets"] = total("goodwill", "intangibleAssets")
    line["totalNonCurrentAssets"] = total(
        "propertyPlantEquipmentNet",
        "goodwillAndIntangibleAssets",
        "longTermInvestments",
        "taxAssets",
        "otherNonCurrentAssets",
    )
    line["totalAssets"] = total("totalCurrentAssets", "totalNonCurrentAssets", "otherAssets")
    return _add_liability_totals(line)


def _add_liability_totals(line: Lines) -> Lines:
    def total(*names: str) -> float:
        return sum(line[name] for name in names)

    line["totalPayables"] = total("accountPayables", "otherPayables")
    line["totalCurrentLiabilities"] = total(
        "totalPayables",
        "accruedExpenses",
        "shortTermDebt",
        "capitalLeaseObligationsCurrent",
        "taxPayables",
        "deferredRevenue",
        "otherCurrentLiabilities",
    )
    line["totalNonCurrentLiabilities"] = total(
        "longTermDebt",
        "capitalLeaseObligationsNonCurrent",
        "deferredRevenueNonCurrent",
        "deferredTaxLiabilitiesNonCurrent",
        "otherNonCurrentLiabilities",
    )
    line["capitalLeaseObligations"] = total("capitalLeaseObligationsCurrent", "capitalLeaseObligationsNonCurrent")
    line["totalLiabilities"] = total("totalCurrentLiabilities", "totalNonCurrentLiabilities", "otherLiabilities")
    line["totalEquity"] = line["totalAssets"] - line["totalLiabilities"]
    line["totalStockholdersEquity"] = line["totalEquity"] - line["minorityInterest"]
    line["retainedEarnings"] = line["totalStockholdersEquity"] - total(
        "treasuryStock",
        "preferredStock",
        "commonStock",
        "additionalPaidInCapital",
        "accumulatedOtherComprehensiveIncomeLoss",
        "otherTotalStockholdersEquity",
    )
    line["totalLiabilitiesAndTotalEquity"] = total("totalLiabilities", "totalEquity")
    line["totalInvestments"] = total("shortTermInvestments", "longTermInvestments")
    line["totalDebt"] = total("shortTermDebt", "longTermDebt", "capitalLeaseObligations")
    line["netDebt"] = line["totalDebt"] - line["cashAndCashEquivalents"]
    return line


@lru_cache(maxsize=2048)
def _quarter_income(company: Company, year: int, quarter: int) -> Lines:
    salt = company.security.salt
    revenue, balance = int(_revenue(company, year, quarter)), _quarter_balance(company, year, quarter)
    gross_margin = company.gross_margin * (1 + 0.02 * gauss(salt, year, quarter, 122))
    cost = int(revenue * (1 - gross_margin))
    operating = int(revenue * company.operating_margin * (1 + 0.1 * gauss(salt, year, quarter, 123)))
    gross, research = revenue - cost, int(revenue * company.research)
    overhead = gross - operating - research
    selling = int(overhead * 0.4)
    earned, paid = int(balance["cashAndShortTermInvestments"] * 0.008), int(balance["totalDebt"] * 0.011)
    other = int(revenue * 0.004 * gauss(salt, year, quarter, 124))
    ebit = operating + other
    before_tax = ebit + earned - paid
    tax = int(max(0, before_tax) * company.tax_rate)
    depreciation, net = int(revenue * company.depreciation), before_tax - tax
    return {
        "revenue": revenue, "costOfRevenue": cost, "grossProfit": gross, "researchAndDevelopmentExpenses": research,
        "generalAndAdministrativeExpenses": overhead - selling, "sellingAndMarketingExpenses": selling,
        "sellingGeneralAndAdministrativeExpenses": overhead, "otherExpenses": 0,
        "operatingExpenses": gross - operating, "costAndExpenses": revenue - operating,
        "netInterestIncome": earned - paid, "interestIncome": earned, "interestExpense": paid,
        "depreciationAndAmortization": depreciation, "ebitda": ebit + depreciation, "ebit": ebit,
        "nonOperatingIncomeExcludingInterest": other, "operatingIncome": operating,
        "totalOtherIncomeExpensesNet": other + earned - paid, "incomeBeforeTax": before_tax, "incomeTaxExpense": tax,
        "netIncomeFromContinuingOperations": net, "netIncomeFromDiscontinuedOperations": 0,
        "otherAdjustmentsToNetIncome": 0, "netIncome": net, "netIncomeDeductions": 0, "bottomLineNetIncome": net,
    }  # fmt: skip


@lru_cache(maxsize=2048)
def _quarter_cash_flow(company: Company, year: int, quarter: int) -> Lines:
    salt = company.security.salt
    income, now = _quarter_income(company, year, quarter), _quarter_balance(company, year, quarter)
    before = _quarter_balance(company, *((year, quarter - 1) if quarter > 1 else (year - 1, 4)))

    def moved(name: str) -> float:
        return now[name] - before[name]

    revenue, net = income["revenue"], income["netIncome"]
    working = {
        "accountsReceivables": -moved("netReceivables"),
        "inventory": -moved("inventory"),
        "accountsPayables": moved("totalPayables"),
        "otherWorkingCapital": int(revenue * 0.005 * gauss(salt, year, quarter, 131)),
    }
    change = sum(working.values())
    deferred, stock, other = int(revenue * 0.002), int(revenue * 0.02), int(revenue * 0.003)
    operating = net + income["depreciationAndAmortization"] + deferred + stock + change + other
    capex, bought, sold = -int(revenue * company.capex), -int(revenue * 0.03), int(revenue * 0.028)
    acquired = -int(revenue * 0.2) if unit(salt, year, quarter, 132) < 0.05 else 0
    investing = capex + acquired + bought + sold
    long_debt, short_debt = moved("longTermDebt"), moved("shortTermDebt")
    issued, repurchased = int(revenue * 0.001), -int(max(0, net) * 0.2)
    dividends = -int(max(0, net) * company.payout) if company.security.dividend_yield else 0
    currency = int(revenue * 0.0005 * gauss(salt, year, quarter, 133))
    moved_cash = moved("cashAndCashEquivalents")
    financing = moved_cash - operating - investing - currency
    known = long_debt + short_debt + issued + repurchased + dividends
    return {
        "netIncome": net, "depreciationAndAmortization": income["depreciationAndAmortization"],
        "deferredIncomeTax": deferred, "stockBasedCompensation": stock, "changeInWorkingCapital": change, **working,
        "otherNonCashItems": other, "netCashProvidedByOperatingActivities": operating,
        "investmentsInPropertyPlantAndEquipment": capex, "acquisitionsNet": acquired, "purchasesOfInvestments": bought,
        "salesMaturitiesOfInvestments": sold, "otherInvestingActivities": 0,
        "netCashProvidedByInvestingActivities": investing, "netDebtIssuance": long_debt + short_debt,
        "longTermNetDebtIssuance": long_debt, "shortTermNetDebtIssuance": short_debt,
        "netStockIssuance": issued + repurchased, "netCommonStockIssuance": issued + repurchased,
        "commonStockIssuance": issued, "commonStockRepurchased": repurchased, "netPreferredStockIssuance": 0,
        "netDividendsPaid": dividends, "commonDividendsPaid": dividends, "preferredDividendsPaid": 0,
        "otherFinancingActivities": financing - known, "netCashProvidedByFinancingActivities": financing,
        "effectOfForexChangesOnCash": currency, "netChangeInCash": moved_cash,
        "cashAtEndOfPeriod": now["cashAndCashEquivalents"], "cashAtBeginningOfPeriod": before["cashAndCashEquivalents"],
        "operatingCashFlow": operating, "capitalExpenditure": capex, "freeCashFlow": operating + capex,
        "incomeTaxesPaid": int(income["incomeTaxExpense"] * 0.95), "interestPaid": int(income["interestExpense"] * 0.97),
    }  # fmt: skip


def income_lines(statement: Statement) -> Lines:
    """The 31 numbers of an income statement."""
    company, security = statement.company, statement.company.security
    if statement.period == "FY":
        quarters = [_quarter_income(company, statement.year, quarter) for quarter in (1, 2, 3, 4)]
        lines = {name: sum(one[name] for one in quarters) for name in quarters[0]}
    else:
        lines = dict(_quarter_income(company, statement.year, int(statement.period[1])))
    shares = int(security.shares * share_factor(security, statement.day))
    diluted = int(shares * 1.015)
    lines["eps"], lines["epsDiluted"] = round(lines["netIncome"] / shares, 4), round(lines["netIncome"] / diluted, 4)
    lines["weightedAverageShsOut"], lines["weightedAverageShsOutDil"] = shares, diluted
    return lines


def balance_lines(statement: Statement) -> Lines:
    """The 53 numbers of a balance sheet."""
    quarter = 4 if statement.period == "FY" else int(statement.period[1])
    return _quarter_balance(statement.company, statement.year, quarter)


def cash_flow_lines(statement: Statement) -> Lines:
    """The 39 numbers of a cash flow statement."""
    if statement.period != "FY":
        return _quarter_cash_flow(statement.company, statement.year, int(statement.period[1]))
    quarters = [_quarter_cash_flow(statement.company, statement.year, quarter) for quarter in (1, 2, 3, 4)]
    lines = {name: sum(one[name] for one in quarters) for name in quarters[0]}
    lines["cashAtBeginningOfPeriod"] = quarters[0]["cashAtBeginningOfPeriod"]
    lines["cashAtEndOfPeriod"] = quarters[3]["cashAtEndOfPeriod"]
    return lines


_LINES = {
    "income-statement": (INCOME, income_lines),
    "balance-sheet-statement": (BALANCE, balance_lines),
    "cash-flow-statement": (CASH_FLOW, cash_flow_lines),
}
STATEMENT_KINDS = tuple(_LINES)


def statement_row(kind: str, statement: Statement) -> Row:
    """One row of a statement endpoint, fields in the vendor's order."""
    security, filed = statement.company.security, dt.date.fromordinal(statement.filed)
    names, compute = _LINES[kind]
    lines = compute(statement)
    row: Row = {
        "date": dt.date.fromordinal(statement.day).isoformat(),
        "symbol": security.symbol,
        "reportedCurrency": statement.company.currency,
        "cik": f"{1_000_000 + security.index:010d}" if security.exchange.country == "US" else "0000000000",
        "filingDate": filed.isoformat(),
        "acceptedDate": f"{filed.isoformat()} 16:{security.salt % 60:02d}:{statement.day % 60:02d}",
        "fiscalYear": str(statement.year),
        "period": statement.period,
    }
    row.update((name, lines[name]) for name in names)
    return row
