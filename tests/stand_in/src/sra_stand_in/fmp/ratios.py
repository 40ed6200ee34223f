"""Ratios and key metrics of one period, from its statements and the market cap at its end."""

from __future__ import annotations

import math

from sra_stand_in.fmp.derived import cap_at, divide, dividend_per_share, head_row
from sra_stand_in.fmp.fields import KEY_METRICS, RATIOS
from sra_stand_in.fmp.statements import Lines, Statement, balance_lines, cash_flow_lines, income_lines
from sra_stand_in.fmp.world import Row


def _collect_lines(statement: Statement) -> Lines:
    lines = dict(cash_flow_lines(statement))
    lines.update(balance_lines(statement))
    lines.update(income_lines(statement))
    return lines


def _profit_ratios(of: Lines) -> Row:
    revenue = of["revenue"]
    return {
        "grossProfitMargin": divide(of["grossProfit"], revenue), "ebitMargin": divide(of["ebit"], revenue),
        "ebitdaMargin": divide(of["ebitda"], revenue), "operatingProfitMargin": divide(of["operatingIncome"], revenue),
        "pretaxProfitMargin": divide(of["incomeBeforeTax"], revenue),
        "continuousOperationsProfitMargin": divide(of["netIncomeFromContinuingOperations"], revenue),
        "netProfitMargin": divide(of["netIncome"], revenue),
        "bottomLineProfitMargin": divide(of["bottomLineNetIncome"], revenue),
        "receivablesTurnover": divide(revenue, of["netReceivables"]),
        "payablesTurnover": divide(of["costOfRevenue"], of["accountPayables"]),
        "inventoryTurnover": divide(of["costOfRevenue"], of["inventory"]),
        "fixedAssetTurnover": divide(revenue, of["propertyPlantEquipmentNet"]),
        "assetTurnover": divide(revenue, of["totalAssets"]),
        "currentRatio": divide(of["totalCurrentAssets"], of["totalCurrentLiabilities"]),
        "quickRatio": divide(of["totalCurrentAssets"] - of["inventory"], of["totalCurrentLiabilities"]),
        "solvencyRatio": divide(of["netIncome"] + of["depreciationAndAmortization"], of["totalLiabilities"]),
        "cashRatio": divide(of["cashAndCashEquivalents"], of["totalCurrentLiabilities"]),
        "netIncomePerEBT": divide(of["netIncome"], of["incomeBeforeTax"]),
        "ebtPerEbit": divide(of["incomeBeforeTax"], of["ebit"]),
        "effectiveTaxRate": divide(of["incomeTaxExpense"], of["incomeBeforeTax"]),
    }  # fmt: skip


def _price_ratios(of: Lines, cap: float, dividend: float) -> Row:
    earnings, shares = of["netIncome"], of["weightedAverageShsOut"]
    price = divide(cap, shares)
    value = cap + of["netDebt"]
    return {
        "priceToEarningsRatio": divide(cap, earnings), "priceToEarningsGrowthRatio": divide(divide(cap, earnings), 8),
        "forwardPriceToEarningsGrowthRatio": divide(divide(cap, earnings), 9),
        "priceToEarningsDilutedRatio": divide(price, of["epsDiluted"]),
        "priceToEarningsDilutedGrowthRatio": divide(divide(price, of["epsDiluted"]), 8),
        "priceToBookRatio": divide(cap, of["totalStockholdersEquity"]), "priceToSalesRatio": divide(cap, of["revenue"]),
        "priceToFreeCashFlowRatio": divide(cap, of["freeCashFlow"]),
        "priceToOperatingCashFlowRatio": divide(cap, of["operatingCashFlow"]),
        "priceToFairValue": divide(cap, of["totalStockholdersEquity"]), "debtToMarketCap": divide(of["totalDebt"], cap),
        "enterpriseValueMultiple": divide(value, of["ebitda"]), "dividendPerShare": dividend,
        "dividendYield": divide(dividend, price), "dividendYieldPercentage": divide(dividend * 100, price),
        "dividendPayoutRatio": divide(-of["commonDividendsPaid"], earnings),
    }  # fmt: skip


def _debt_ratios(of: Lines) -> Row:
    debt, equity = of["totalDebt"], of["totalStockholdersEquity"]
    flow, capex = of["operatingCashFlow"], -of["capitalExpenditure"]
    working = of["totalCurrentAssets"] - of["totalCurrentLiabilities"]
    return {
        "debtToAssetsRatio": divide(debt, of["totalAssets"]), "debtToEquityRatio": divide(debt, equity),
        "debtToCapitalRatio": divide(debt, debt + equity),
        "longTermDebtToCapitalRatio": divide(of["longTermDebt"], of["longTermDebt"] + equity),
        "financialLeverageRatio": divide(of["totalAssets"], equity),
        "workingCapitalTurnoverRatio": divide(of["revenue"], working),
        "operatingCashFlowRatio": divide(flow, of["totalCurrentLiabilities"]),
        "operatingCashFlowSalesRatio": divide(flow, of["revenue"]),
        "freeCashFlowOperatingCashFlowRatio": divide(of["freeCashFlow"], flow),
        "debtServiceCoverageRatio": divide(of["ebitda"], of["interestExpense"] + of["shortTermDebt"]),
        "interestCoverageRatio": divide(of["ebit"], of["interestExpense"]),
        "shortTermOperatingCashFlowCoverageRatio": divide(flow, of["shortTermDebt"]),
        "operatingCashFlowCoverageRatio": divide(flow, debt), "capitalExpenditureCoverageRatio": divide(flow, capex),
        "dividendPaidAndCapexCoverageRatio": divide(flow, capex - of["commonDividendsPaid"]),
    }  # fmt: skip


def _share_ratios(of: Lines) -> Row:
    shares, equity = of["weightedAverageShsOut"], of["totalStockholdersEquity"]
    return {
        "revenuePerShare": divide(of["revenue"], shares), "netIncomePerShare": divide(of["netIncome"], shares),
        "interestDebtPerShare": divide(of["totalDebt"], shares),
        "cashPerShare": divide(of["cashAndShortTermInvestments"], shares), "bookValuePerShare": divide(equity, shares),
        "tangibleBookValuePerShare": divide(equity - of["goodwillAndIntangibleAssets"], shares),
        "shareholdersEquityPerShare": divide(equity, shares),
        "operatingCashFlowPerShare": divide(of["operatingCashFlow"], shares),
        "capexPerShare": divide(-of["capitalExpenditure"], shares),
        "freeCashFlowPerShare": divide(of["freeCashFlow"], shares),
    }  # fmt: skip


def ratio_row(statement: Statement) -> Row:
    """One row of `ratios`."""
    of = _collect_lines(statement)
    made = _profit_ratios(of) | _debt_ratios(of) | _share_ratios(of)
    made |= _price_ratios(of, cap_at(statement), dividend_per_share(statement))
    row = head_row(statement)
    row.update((name, made[name]) for name in RATIOS)
    return row


def _value_metrics(of: Lines, cap: float) -> Row:
    value, shares = cap + of["netDebt"], of["weightedAverageShsOut"]
    book = of["totalStockholdersEquity"]
    return {
        "marketCap": cap, "enterpriseValue": value, "evToSales": divide(value, of["revenue"]),
        "evToOperatingCashFlow": divide(value, of["operatingCashFlow"]),
        "evToFreeCashFlow": divide(value, of["freeCashFlow"]), "evToEBITDA": divide(value, of["ebitda"]),
        "netDebtToEBITDA": divide(of["netDebt"], of["ebitda"]),
        "currentRatio": divide(of["totalCurrentAssets"], of["totalCurrentLiabilities"]),
        "incomeQuality": divide(of["operatingCashFlow"], of["netIncome"]),
        "grahamNumber": round(math.sqrt(max(0.0, 22.5 * of["eps"] * book / shares)), 6),
        "grahamNetNet": divide(of["cashAndShortTermInvestments"] - of["totalLiabilities"], shares),
        "taxBurden": divide(of["netIncome"], of["incomeBeforeTax"]),
        "interestBurden": divide(of["incomeBeforeTax"], of["ebit"]),
        "earningsYield": divide(of["netIncome"], cap), "freeCashFlowYield": divide(of["freeCashFlow"], cap),
        "freeCashFlowToEquity": of["freeCashFlow"] + of["netDebtIssuance"],
        "freeCashFlowToFirm": of["freeCashFlow"] + of["interestExpense"],
        "tangibleAssetValue": book - of["goodwillAndIntangibleAssets"],
        "netCurrentAssetValue": of["totalCurrentAssets"] - of["totalLiabilities"],
    }  # fmt: skip


def _return_metrics(of: Lines, days: int) -> Row:
    revenue, cost, net = of["revenue"], of["costOfRevenue"], of["netIncome"]
    book, working = of["totalStockholdersEquity"], of["totalCurrentAssets"] - of["totalCurrentLiabilities"]
    invested = book + of["totalDebt"] - of["cashAndCashEquivalents"]
    sales = divide(of["netReceivables"] * days, revenue)
    payables, stock = divide(of["accountPayables"] * days, cost), divide(of["inventory"] * days, cost)
    capex = -of["capitalExpenditure"]
    return {
        "workingCapital": working, "investedCapital": invested, "returnOnAssets": divide(net, of["totalAssets"]),
        "operatingReturnOnAssets": divide(of["operatingIncome"], of["totalAssets"]),
        "returnOnTangibleAssets": divide(net, of["totalAssets"] - of["goodwillAndIntangibleAssets"]),
        "returnOnEquity": divide(net, book),
        "returnOnInvestedCapital": divide(of["ebit"] - of["incomeTaxExpense"], invested),
        "returnOnCapitalEmployed": divide(of["ebit"], of["totalAssets"] - of["totalCurrentLiabilities"]),
        "capexToOperatingCashFlow": divide(capex, of["operatingCashFlow"]),
        "capexToDepreciation": divide(capex, of["depreciationAndAmortization"]), "capexToRevenue": divide(capex, revenue),
        "salesGeneralAndAdministrativeToRevenue": divide(of["sellingGeneralAndAdministrativeExpenses"], revenue),
        "researchAndDevelopementToRevenue": divide(of["researchAndDevelopmentExpenses"], revenue),
        "stockBasedCompensationToRevenue": divide(of["stockBasedCompensation"], revenue),
        "intangiblesToTotalAssets": divide(of["goodwillAndIntangibleAssets"], of["totalAssets"]),
        "averageReceivables": of["netReceivables"], "averagePayables": of["accountPayables"],
        "averageInventory": of["inventory"], "daysOfSalesOutstanding": sales, "daysOfPayablesOutstanding": payables,
        "daysOfInventoryOutstanding": stock, "operatingCycle": round(sales + stock, 8),
        "cashConversionCycle": round(sales + stock - payables, 8),
    }  # fmt: skip


def key_metric_row(statement: Statement) -> Row:
    """One row of `key-metrics`."""
    of = _collect_lines(statement)
    made = _value_metrics(of, cap_at(statement)) | _return_metrics(of, 365 if statement.period == "FY" else 90)
    row = head_row(statement)
    row.update((name, made[name]) for name in KEY_METRICS)
    return row
