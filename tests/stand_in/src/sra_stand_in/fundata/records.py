"""The records that a licensee holds: read from a seed tree, or made up in the same shape."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from sra_stand_in.calendars import open_calendar
from sra_stand_in.fundata.datasets import DATASETS, NAVPS, Dataset
from sra_stand_in.randomness import between, mix, pick

Record = tuple[str, ...]
FIRST_KEY, KEY_STEP = 412_000, 3
FIRST_BENCHMARK = 900_000
SEED_DAY = dt.date(2025, 9, 26)
SEED_CHANGE = "2025-01-15"
SEED_SESSIONS = 60
_MONTH_END = "2025-08-31"
_COMPANIES = (
    "Boreal Asset Management Inc.",
    "Gestion Laurentide inc.",
    'Harbor "Blue" Funds Corp.',
    "Alder Capital, LP",
)
_THEMES = ("Canadian Equity", "U.S. Equity", "Global Balanced", "Obligations canadiennes", "Money Market")
_SERIES = ("A", "D", "F", "I", "T5", "ETF")
_YEARS = ("1", "3", "5", "10")
_ALLOCATIONS = (("Asset", "Equity"), ("Asset", "Fixed Income"), ("Asset", "Cash"), ("Geographic", "Canada"),
                ("Geographic", "United States"), ("Geographic", "Other"))  # fmt: skip
Values = dict[str, str]
Maker = Callable[[int, int], Iterator[Values]]


def _draw(low: float, high: float, *parts: int) -> str:
    return f"{between(low, high, *parts):.6f}"


def _fundserv(key: int) -> str:
    return f"SRA{key % 9999:04d}"


def _make_general(key: int, salt: int) -> Iterator[Values]:
    company, theme, series = pick(_COMPANIES, salt, 1), pick(_THEMES, salt, 2), pick(_SERIES, salt, 3)
    family = company.split()[0]
    for language in ("EN", "FR"):
        yield {
            "Language": language,
            "LegalName": f"{family} {theme} Fund, Series {series}"
            if language == "EN"
            else f"Fonds {family} {theme}, série {series}",
            "FamilyName": f"{family} Funds",
            "SeriesName": f"Series {series}",
            "Company": company,
            "InstrumentType": "Mutual Fund",
            "InceptionDate": f"{1990 + salt % 33}-{1 + salt % 12:02d}-{1 + salt % 28:02d}",
            "Objective": "Seeks growth of capital,\nand income." if key % 5 == 0 else 'Seeks "stability".',
            "Strategy": "Invests mainly in Canadian issuers.",
            "CIFSCType": theme,
            "MinInvestment": pick(("500", "1000.00", "", "84450.0"), salt, 4),
            "SubInvestment": pick(("25", "50", "100.0"), salt, 5),
            "DistributionFrequency": pick(("Monthly", "Quarterly", "Annually"), salt, 6),
            "ManagementFee": f"{between(0.2, 2.5, salt, 7):.4f}",
            "LegalStatus": "Trust",
            "ManagementType": "Active",
            "ShareClass": series,
            "FixedDistribution": pick(("Y", "N"), salt, 8),
            "HighNetWorth": "N",
            "Currency": pick(("CAD", "CAD", "CAD", "USD"), salt, 9),
            "DocumentType": "Fund Facts",
        }


def _make_yearly(_: int, salt: int) -> Iterator[Values]:
    for year in _YEARS:
        yield {
            "MonthEndDate": _MONTH_END,
            "Year": year,
            "CompoundReturn": _draw(-8, 18, salt, int(year), 11),
            "CalendarSimpleReturn": _draw(-15, 30, salt, int(year), 12),
            "CalendarReturnYear": str(2025 - int(year)),
        }


def _make_ranking(_: int, salt: int) -> Iterator[Values]:
    for year in _YEARS:
        values = {"MonthEndDate": _MONTH_END, "Year": year}
        for code, word in enumerate(("Compound", "Calendar")):
            rank = 1 + mix(salt, int(year), 13 + code) % 400
            values |= {
                f"{word}ReturnQuartile": str(1 + (rank - 1) // 100),
                f"{word}ReturnFundCount": "400",
                f"{word}ReturnRanking": str(rank),
            }
        yield values


def _make_numbers(fixed: Values, dataset: str) -> Maker:
    """A maker that fills every column it does not fix with a number, once or once per span of years."""
    columns = [name for name in DATASETS[dataset].columns[2:-2] if name not in fixed]
    per_year = "Year" in columns

    def make(_: int, salt: int) -> Iterator[Values]:
        for year in _YEARS if per_year else ("0",):
            values = {name: _draw(-2, 20, salt, int(year), 20 + place) for place, name in enumerate(columns)}
            yield values | fixed | ({"Year": year} if per_year else {})

    return make


def _make_benchmark(key: int, _: int) -> Iterator[Values]:
    for language, name in (("EN", "Composite Index"), ("FR", "Indice composé")):
        yield {"Language": language, "LegalName": f"{name} {key - FIRST_BENCHMARK} TR (CAD)"}


def _make_distributions(_: int, salt: int) -> Iterator[Values]:
    for month in ("03", "06"):
        income, gains = between(0, 0.4, salt, int(month), 41), between(0, 0.2, salt, int(month), 42)
        yield {
            "Date": f"2025-{month}-28",
            "TotalDistribution": f"{income + gains:.6f}",
            "DividendIncome": f"{income:.6f}",
            "CapitalGains": f"{gains:.6f}",
        }


_MAKERS: dict[str, Maker] = {
    "FundGeneral": _make_general,
    "BenchmarkGeneral": _make_benchmark,
    "InstrumentIdentifier": lambda key, _: iter(
        (
            {"IdentifierType": "FundServ", "IdentifierValue": _fundserv(key)},
            {"IdentifierType": "CUSIP", "IdentifierValue": f"{key:09d}"},
        )
    ),
    "FundAllocation": lambda _, salt: (
        {"Language": "EN", "AllocationDate": _MONTH_END, "AllocationType": kind, "AllocationName": name,
         "AllocationValue": f"{between(0, 60, salt, place, 43):.4f}"}
        for place, (kind, name) in enumerate(_ALLOCATIONS)
    ),
    "FundExpenses": lambda _, salt: (
        {"ExpenseDate": "2025-06-30", "ExpenseType": kind, "ExpenseValue": f"{between(0.1, 3, salt, place, 44):.4f}"}
        for place, kind in enumerate(("MER", "TER"))
    ),
    "FundAssets": lambda _, salt: iter(
        ({"Date": _MONTH_END, "FundAssetsValue": f"{10 ** between(6, 10.3, salt, 45):.2f}",
          "SeriesAssetsValue": f"{10 ** between(5, 9, salt, 46):.2f}"},)
    ),
    "FundPerformanceSummary": lambda _, salt: iter(
        ({"MonthEndDate": _MONTH_END, "PerformanceStartDate": "2005-01-31", "OneMonthReturn": _draw(-5, 5, salt, 47),
          "ThreeMonthReturn": _draw(-9, 9, salt, 48), "SixMonthReturn": _draw(-12, 14, salt, 49),
          "YTDReturn": _draw(-15, 22, salt, 50), "InceptionReturn": _draw(1, 9, salt, 51),
          "InceptionReturnDate": "2005-01-31", "YTDTotalDistribution": _draw(0, 1, salt, 52),
          "FundGrade": pick("ABCDE", salt, 53)},)
    ),
    "FundYearlyPerformance": _make_yearly,
    "BenchmarkYearlyPerformance": _make_yearly,
    "FundYearlyPerformanceRankingByClass": _make_ranking,
    "FundRiskYearlyPerformance": _make_numbers({"MonthEndDate": _MONTH_END}, "FundRiskYearlyPerformance"),
    "FundAdvancedPerformance": _make_numbers(
        {"MonthEndDate": _MONTH_END, "InceptionReturnDate": "2005-01-31", "MaxStartDate": "2020-02-20",
         "MaxEndDate": "2020-03-23", "MaxDownLength": "23", "MaxRecoveryTime": "140"},
        "FundAdvancedPerformance",
    ),
    "FundAssociateBenchmark": lambda key, _: iter(
        ({"Language": "EN", "BenchmarkType": "Primary", "BenchmarkInstrumentKey": str(FIRST_BENCHMARK + key % 5)},)
    ),
    "FundDistribution": _make_distributions,
    "FundEquityStyle": lambda _, salt: iter(
        ({"MonthEndDate": _MONTH_END, "Capitalization": pick(("Large", "Mid", "Small"), salt, 54),
          "Style": pick(("Value", "Blend", "Growth"), salt, 55)},)
    ),
    "FundFixedIncomeStyle": lambda key, _: iter(
        ({"MonthEndDate": _MONTH_END, "DurationClass": "Medium", "CreditRatingClass": "High"},)
        if (key - FIRST_KEY) % 9 == 0 else ()
    ),
    "FundLoads": lambda key, _: iter(
        ({"Language": "EN", "FundServCode": _fundserv(key), "SalesStatus": "Open", "LoadType": "Front",
          "MaxPercent": "5.00"},)
    ),
    "FundOtherFee": lambda *_: iter(
        ({"Language": "EN", "FeeType": "Short-term trading", "Value": "2.0", "Days": "30", "PaidBy": "Investor",
          "FeeNote": "Applies within 30 days, of purchase"},)
    ),
    "FundTopHolding": lambda _, salt: (
        {"Language": "EN", "Date": _MONTH_END, "Security": f"Holding {number}, Inc.",
         "MarketPercent": f"{between(1, 9, salt, number, 56):.4f}", "HoldingNumber": str(number)}
        for number in range(1, 11)
    ),
    "FundTrailerSchedule": lambda key, _: iter(
        ({"FundServCode": _fundserv(key), "StartMonth": "1", "EndMonth": "999", "Description": "Trailing commission",
          "Fee": "1.00"},)
    ),
}  # fmt: skip


def _make_declared(dataset: Dataset, salt: int) -> Iterator[Values]:
    """One record of a dataset without figures of its own; texts and numbers are decided by their columns."""
    yield {
        name: {
            "number": _draw(-2, 20, salt, place, 57),
            "date": _MONTH_END,
            "text": "EN" if name == "Language" else f"text {mix(salt, place, 58) % 1000}",
            "identifier": str(mix(salt, place, 59) % 10_000),
        }[kind]
        for place, (name, kind) in enumerate(dataset.kinds.items())
    }


def nav_factor(key: int, day: int) -> float:
    """How the value of a fund moves around its level, by day."""
    age = day - SEED_DAY.toordinal()
    wave = 0.03 * math.sin(day / 47 + key) + 0.01 * math.sin(day / 11 + 2 * key)
    return math.exp(0.00012 * age + wave + 0.003 * between(-1, 1, mix(key, 61), day))


def list_instruments(funds: int, dataset: str) -> list[int]:
    """Instrument keys of a made-up tree."""
    if dataset.startswith("Benchmark"):
        return [FIRST_BENCHMARK + number for number in range(max(5, funds // 20))]
    return [FIRST_KEY + number * KEY_STEP for number in range(funds)]


def make_navps(key: int, days: list[int]) -> Iterator[Values]:
    """Daily values of a made-up fund."""
    level, before = between(5, 60, key, 63), None
    for day in days:
        value = level * nav_factor(key, day)
        values = {"Date": dt.date.fromordinal(day).isoformat(), "NAVPS": f"{value:.8f}"}
        if before is not None:
            prior = float(f"{level * nav_factor(key, before):.8f}")
            values |= {
                "NAVPSPennyChange": f"{value - prior:.8f}",
                "NAVPSPercentChange": f"{(value / prior - 1) * 100:.8f}",
                "PreviousDate": dt.date.fromordinal(before).isoformat(),
                "PreviousNAVPS": f"{prior:.8f}",
            }
        before = day
        yield values


def _list_values(dataset: Dataset, key: int, salt: int, days: list[int]) -> Iterator[Values]:
    if dataset.name == NAVPS:
        return make_navps(key, days)
    make = _MAKERS.get(dataset.name)
    return _make_declared(dataset, salt) if make is None else make(key, salt)


def make_records(dataset: Dataset, *, funds: int, seed: int) -> list[Record]:
    """Records of a made-up tree; the same arguments always give the same ones."""
    calendar, last = open_calendar("CA"), SEED_DAY.toordinal()
    days = calendar.between(last - 2 * SEED_SESSIONS, last)[-SEED_SESSIONS:]
    records: list[Record] = []
    for key in list_instruments(funds, dataset.name):
        for values in _list_values(dataset, key, mix(seed, key), days):
            values |= {
                "RecordId": str(len(records) + 1),
                "InstrumentKey": str(key),
                "RecordState": "Active",
                "ChangeDate": values["Date"] if dataset.name == NAVPS else SEED_CHANGE,
            }
            records.append(tuple(values.get(name, "") for name in dataset.columns))
    return records


def read_records(dataset: Dataset, tree: Path) -> list[Record]:
    """Whole records of a seed tree's file, in the column order of the dataset; none where the file is not there.

    Names are matched without regard to case and underscores; damaged lines are left out.
    """
    path = tree / dataset.file
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        reader = csv.reader(stream)
        header = [name.replace("_", "").casefold() for name in next(reader, [])]
        wanted = [name.casefold() for name in dataset.columns]
        if sorted(header) != sorted(wanted):
            return []
        places = [header.index(name) for name in wanted]
        width = len(header)
        return [tuple(row[place] for place in places) for row in reader if len(row) == width]
