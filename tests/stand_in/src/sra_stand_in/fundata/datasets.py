"""The 21 datasets of the update API: endpoint, seed file and columns, which are those of the seed file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset; `columns` in the order of its CSV."""

    name: str
    endpoint: str
    columns: tuple[str, ...]

    @property
    def file(self) -> str:
        """The seed file below the root of a tree."""
        return f"{'quotes' if self.name == NAVPS else 'data'}/{self.name}Seed.csv"


NAVPS = "FundDailyNAVPS"
_SPANS = " ".join(
    f"{years}Year{measure}"
    for measure in ("MaxDrawdown", "CategoryBatting", "AbsoluteBatting", "UpCapture", "DownCapture")
    for years in ("One", "Three", "Five", "Ten")
)
_YEARLY = "MonthEndDate Year CompoundReturn CalendarSimpleReturn CalendarReturnYear"
_TABLE: tuple[tuple[str, str, str], ...] = (
    (
        "FundGeneral",
        "fund/getgeneral",
        "Language LegalName FamilyName SeriesName Company InstrumentType InceptionDate Objective Strategy CIFSCType "
        "Properties MinInvestment SubInvestment DistributionFrequency ManagementFee LegalStatus ManagementType "
        "ShareClass FixedDistribution HighNetWorth Currency DocumentType",
    ),
    ("BenchmarkGeneral", "benchmark/getgeneral", "Language LegalName"),
    ("InstrumentIdentifier", "instrument/getidentifiers", "IdentifierType IdentifierValue"),
    (
        "FundAllocation",
        "fund/getallocations",
        "Language AllocationDate AllocationType AllocationName AllocationValue",
    ),
    ("FundExpenses", "fund/getexpense", "ExpenseDate ExpenseType ExpenseValue"),
    ("FundAssets", "fund/getassets", "Date FundAssetsValue SeriesAssetsValue"),
    (
        "FundPerformanceSummary",
        "fund/getperformancesummary",
        "MonthEndDate PerformanceStartDate OneMonthReturn ThreeMonthReturn SixMonthReturn YTDReturn InceptionReturn "
        "InceptionReturnDate YTDTotalDistribution FundGrade",
    ),
    ("FundYearlyPerformance", "fund/getyearlyperformance", _YEARLY),
    ("BenchmarkYearlyPerformance", "benchmark/getyearlyperformance", _YEARLY),
    (
        "FundYearlyPerformanceRankingByClass",
        "fund/getyearlyperformanceranking",
        "MonthEndDate Year CompoundReturnQuartile CompoundReturnFundCount CompoundReturnRanking "
        "CalendarReturnQuartile CalendarReturnFundCount CalendarReturnRanking",
    ),
    (
        "FundRiskYearlyPerformance",
        "fund/getyearlyperformancerisk",
        "MonthEndDate Year AnnualizedSTD AnnualizedAlpha Beta RSquared AnnualizedSharpe AnnualizedTreynor "
        "AnnualizedSortino AnnualizedInformationRatio AnnualizedJensenAlpha AnnualizedTrackingError TaxEfficiency "
        "Calmar DownsideDeviation",
    ),
    (
        "FundAdvancedPerformance",
        "fund/getadvancedperformance",
        "MonthEndDate InceptionReturnDate WorstMonthlyReturn UninterruptedDrawdown MaxPercentChange MaxStartDate "
        f"MaxEndDate MaxDownLength MaxRecoveryTime {_SPANS}",
    ),
    ("FundAssociateBenchmark", "fund/getassociatedbenchmark", "Language BenchmarkType BenchmarkInstrumentKey"),
    (
        "FundDistribution",
        "fund/getdistribution",
        "Date TotalDistribution DividendIncome ForeignDividendIncome CapitalGains InterestIncome ReturnOfPrinciple",
    ),
    ("FundEquityStyle", "fund/getequitystyle", "MonthEndDate Capitalization Style"),
    ("FundFixedIncomeStyle", "fund/getfixedincomestyle", "MonthEndDate DurationClass CreditRatingClass"),
    ("FundLoads", "fund/getload", "Language FundServCode SalesStatus LoadType MaxPercent"),
    ("FundOtherFee", "fund/getotherfees", "Language FeeType Value Days PaidBy FeeNote"),
    ("FundTopHolding", "fund/gettopholding", "Language Date Security MarketPercent HoldingNumber"),
    ("FundTrailerSchedule", "fund/gettrailerschedule", "FundServCode StartMonth EndMonth Description Fee"),
    (
        NAVPS,
        "fund/getdailynavps",
        "CurrentYield CurrentYieldPercentChange Date NAVPS NAVPSPennyChange NAVPSPercentChange PreviousDate "
        "PreviousNAVPS Split",
    ),
)
DATASETS: dict[str, Dataset] = {
    name: Dataset(name, endpoint, ("RecordId", "InstrumentKey", *columns.split(), "RecordState", "ChangeDate"))
    for name, endpoint, columns in _TABLE
}
BY_ENDPOINT: dict[str, Dataset] = {one.endpoint: one for one in DATASETS.values()}
GENERAL_ENDPOINTS = frozenset({"fund/getgeneral", "benchmark/getgeneral"})
"""These take a language."""
