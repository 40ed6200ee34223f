"""Field names of the statement endpoints, in the order in which the vendor sends them."""

from __future__ import annotations


def _split(names: str) -> tuple[str, ...]:
    return tuple(names.split())


INCOME: tuple[str, ...] = _split(
    """
    revenue costOfRevenue grossProfit researchAndDevelopmentExpenses generalAndAdministrativeExpenses
    sellingAndMarketingExpenses sellingGeneralAndAdministrativeExpenses otherExpenses operatingExpenses
    costAndExpenses netInterestIncome interestIncome interestExpense depreciationAndAmortization ebitda ebit
    nonOperatingIncomeExcludingInterest operatingIncome totalOtherIncomeExpensesNet incomeBeforeTax
    incomeTaxExpense netIncomeFromContinuingOperations netIncomeFromDiscontinuedOperations
    otherAdjustmentsToNetIncome netIncome netIncomeDeductions bottomLineNetIncome eps epsDiluted
    weightedAverageShsOut weightedAverageShsOutDil
    """
)
BALANCE: tuple[str, ...] = _split(
    """
    cashAndCashEquivalents shortTermInvestments cashAndShortTermInvestments netReceivables accountsReceivables
    otherReceivables inventory prepaids otherCurrentAssets totalCurrentAssets propertyPlantEquipmentNet goodwill
    intangibleAssets goodwillAndIntangibleAssets longTermInvestments taxAssets otherNonCurrentAssets
    totalNonCurrentAssets otherAssets totalAssets totalPayables accountPayables otherPayables accruedExpenses
    shortTermDebt capitalLeaseObligationsCurrent taxPayables deferredRevenue otherCurrentLiabilities
    totalCurrentLiabilities longTermDebt capitalLeaseObligationsNonCurrent deferredRevenueNonCurrent
    deferredTaxLiabilitiesNonCurrent otherNonCurrentLiabilities totalNonCurrentLiabilities otherLiabilities
    capitalLeaseObligations totalLiabilities treasuryStock preferredStock commonStock retainedEarnings
    additionalPaidInCapital accumulatedOtherComprehensiveIncomeLoss otherTotalStockholdersEquity
    totalStockholdersEquity totalEquity minorityInterest totalLiabilitiesAndTotalEquity totalInvestments
    totalDebt netDebt
    """
)
CASH_FLOW: tuple[str, ...] = _split(
    """
    netIncome depreciationAndAmortization deferredIncomeTax stockBasedCompensation changeInWorkingCapital
    accountsReceivables inventory accountsPayables otherWorkingCapital otherNonCashItems
    netCashProvidedByOperatingActivities investmentsInPropertyPlantAndEquipment acquisitionsNet
    purchasesOfInvestments salesMaturitiesOfInvestments otherInvestingActivities
    netCashProvidedByInvestingActivities netDebtIssuance longTermNetDebtIssuance shortTermNetDebtIssuance
    netStockIssuance netCommonStockIssuance commonStockIssuance commonStockRepurchased netPreferredStockIssuance
    netDividendsPaid commonDividendsPaid preferredDividendsPaid otherFinancingActivities
    netCashProvidedByFinancingActivities effectOfForexChangesOnCash netChangeInCash cashAtEndOfPeriod
    cashAtBeginningOfPeriod operatingCashFlow capitalExpenditure freeCashFlow incomeTaxesPaid interestPaid
    """
)
INCOME_GROWTH: tuple[str, ...] = _split(
    """
    growthRevenue growthCostOfRevenue growthGrossProfit growthGrossProfitRatio
    growthResearchAndDevelopmentExpenses growthGeneralAndAdministrativeExpenses
    growthSellingAndMarketingExpenses growthOtherExpenses growthOperatingExpenses growthCostAndExpenses
    growthInterestIncome growthInterestExpense growthDepreciationAndAmortization growthEBITDA
    growthOperatingIncome growthIncomeBeforeTax growthIncomeTaxExpense growthNetIncome growthEPS
    growthEPSDiluted growthWeightedAverageShsOut growthWeightedAverageShsOutDil growthEBIT
    growthNonOperatingIncomeExcludingInterest growthNetInterestIncome growthTotalOtherIncomeExpensesNet
    growthNetIncomeFromContinuingOperations growthOtherAdjustmentsToNetIncome growthNetIncomeDeductions
    """
)
BALANCE_GROWTH: tuple[str, ...] = _split(
    """
    growthCashAndCashEquivalents growthShortTermInvestments growthCashAndShortTermInvestments
    growthNetReceivables growthInventory growthOtherCurrentAssets growthTotalCurrentAssets
    growthPropertyPlantEquipmentNet growthGoodwill growthIntangibleAssets growthGoodwillAndIntangibleAssets
    growthLongTermInvestments growthTaxAssets growthOtherNonCurrentAssets growthTotalNonCurrentAssets
    growthOtherAssets growthTotalAssets growthAccountPayables growthShortTermDebt growthTaxPayables
    growthDeferredRevenue growthOtherCurrentLiabilities growthTotalCurrentLiabilities growthLongTermDebt
    growthDeferredRevenueNonCurrent growthDeferredTaxLiabilitiesNonCurrent growthOtherNonCurrentLiabilities
    growthTotalNonCurrentLiabilities growthOtherLiabilities growthTotalLiabilities growthPreferredStock
    growthCommonStock growthRetainedEarnings growthAccumulatedOtherComprehensiveIncomeLoss
    growthOthertotalStockholdersEquity growthTotalStockholdersEquity growthMinorityInterest growthTotalEquity
    growthTotalLiabilitiesAndStockholdersEquity growthTotalInvestments growthTotalDebt growthNetDebt
    growthAccountsReceivables growthOtherReceivables growthPrepaids growthTotalPayables growthOtherPayables
    growthAccruedExpenses growthCapitalLeaseObligationsCurrent growthAdditionalPaidInCapital growthTreasuryStock
    """
)
CASH_FLOW_GROWTH: tuple[str, ...] = _split(
    """
    growthNetIncome growthDepreciationAndAmortization growthDeferredIncomeTax growthStockBasedCompensation
    growthChangeInWorkingCapital growthAccountsReceivables growthInventory growthAccountsPayables
    growthOtherWorkingCapital growthOtherNonCashItems growthNetCashProvidedByOperatingActivites
    growthInvestmentsInPropertyPlantAndEquipment growthAcquisitionsNet growthPurchasesOfInvestments
    growthSalesMaturitiesOfInvestments growthOtherInvestingActivites growthNetCashUsedForInvestingActivites
    growthDebtRepayment growthCommonStockIssued growthCommonStockRepurchased growthDividendsPaid
    growthOtherFinancingActivites growthNetCashUsedProvidedByFinancingActivities
    growthEffectOfForexChangesOnCash growthNetChangeInCash growthCashAtEndOfPeriod growthCashAtBeginningOfPeriod
    growthOperatingCashFlow growthCapitalExpenditure growthFreeCashFlow growthNetDebtIssuance
    growthLongTermNetDebtIssuance growthShortTermNetDebtIssuance growthNetStockIssuance
    growthPreferredDividendsPaid growthIncomeTaxesPaid growthInterestPaid
    """
)
FINANCIAL_GROWTH: tuple[str, ...] = _split(
    """
    revenueGrowth grossProfitGrowth ebitgrowth operatingIncomeGrowth netIncomeGrowth epsgrowth epsdilutedGrowth
    weightedAverageSharesGrowth weightedAverageSharesDilutedGrowth dividendsPerShareGrowth
    operatingCashFlowGrowth receivablesGrowth inventoryGrowth assetGrowth bookValueperShareGrowth debtGrowth
    rdexpenseGrowth sgaexpensesGrowth freeCashFlowGrowth tenYRevenueGrowthPerShare tenYOperatingCFGrowthPerShare
    tenYNetIncomeGrowthPerShare tenYShareholdersEquityGrowthPerShare tenYDividendperShareGrowthPerShare
    fiveYRevenueGrowthPerShare fiveYOperatingCFGrowthPerShare fiveYNetIncomeGrowthPerShare
    fiveYShareholdersEquityGrowthPerShare fiveYDividendperShareGrowthPerShare threeYRevenueGrowthPerShare
    threeYOperatingCFGrowthPerShare threeYNetIncomeGrowthPerShare threeYShareholdersEquityGrowthPerShare
    threeYDividendperShareGrowthPerShare ebitdaGrowth growthCapitalExpenditure
    tenYBottomLineNetIncomeGrowthPerShare fiveYBottomLineNetIncomeGrowthPerShare
    threeYBottomLineNetIncomeGrowthPerShare
    """
)
RATIOS: tuple[str, ...] = _split(
    """
    grossProfitMargin ebitMargin ebitdaMargin operatingProfitMargin pretaxProfitMargin
    continuousOperationsProfitMargin netProfitMargin bottomLineProfitMargin receivablesTurnover payablesTurnover
    inventoryTurnover fixedAssetTurnover assetTurnover currentRatio quickRatio solvencyRatio cashRatio
    priceToEarningsRatio priceToEarningsGrowthRatio forwardPriceToEarningsGrowthRatio
    priceToEarningsDilutedRatio priceToEarningsDilutedGrowthRatio priceToBookRatio priceToSalesRatio
    priceToFreeCashFlowRatio priceToOperatingCashFlowRatio debtToAssetsRatio debtToEquityRatio
    debtToCapitalRatio longTermDebtToCapitalRatio financialLeverageRatio workingCapitalTurnoverRatio
    operatingCashFlowRatio operatingCashFlowSalesRatio freeCashFlowOperatingCashFlowRatio
    debtServiceCoverageRatio interestCoverageRatio shortTermOperatingCashFlowCoverageRatio
    operatingCashFlowCoverageRatio capitalExpenditureCoverageRatio dividendPaidAndCapexCoverageRatio
    dividendPayoutRatio dividendYield dividendYieldPercentage revenuePerShare netIncomePerShare
    interestDebtPerShare cashPerShare bookValuePerShare tangibleBookValuePerShare shareholdersEquityPerShare
    operatingCashFlowPerShare capexPerShare freeCashFlowPerShare netIncomePerEBT ebtPerEbit priceToFairValue
    debtToMarketCap effectiveTaxRate enterpriseValueMultiple dividendPerShare
    """
)
KEY_METRICS: tuple[str, ...] = _split(
    """
    marketCap enterpriseValue evToSales evToOperatingCashFlow evToFreeCashFlow evToEBITDA netDebtToEBITDA
    currentRatio incomeQuality grahamNumber grahamNetNet taxBurden interestBurden workingCapital investedCapital
    returnOnAssets operatingReturnOnAssets returnOnTangibleAssets returnOnEquity returnOnInvestedCapital
    returnOnCapitalEmployed earningsYield freeCashFlowYield capexToOperatingCashFlow capexToDepreciation
    capexToRevenue salesGeneralAndAdministrativeToRevenue researchAndDevelopementToRevenue
    stockBasedCompensationToRevenue intangiblesToTotalAssets averageReceivables averagePayables averageInventory
    daysOfSalesOutstanding daysOfPayablesOutstanding daysOfInventoryOutstanding operatingCycle
    cashConversionCycle freeCashFlowToEquity freeCashFlowToFirm tangibleAssetValue netCurrentAssetValue
    """
)
