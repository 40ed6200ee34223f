"""The made-up market of scripts/make_sample: funds, days, prices, and the writer of the sample's CSV files."""

from __future__ import annotations

import csv
import io
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

SEED = 412_003
LAST_DAY = date(2026, 11, 20)
MONTH_END = date(2026, 10, 31)
CHANGED = "2026-11-20"
FUNDS = 25
NAVPS_DAYS = 120
BENCHMARKS = range(900_101, 900_107)
FIRST_PRICING_YEAR = 2015
PRICING_BANDS = {"2015to2017": (2015, 2017), "2018to2019": (2018, 2019), "2020to2021": (2020, 2021),
                 "2022to2023": (2022, 2023), "2024to2025": (2024, 2025)}  # fmt: skip
HOUSES = {
    "Boréale": "Gestion Boréale inc.",
    "Érable": 'Les Fonds "Érable" ltée',
    "Tidewater": "Tidewater & Sons, Asset Managers",
    "Grand-Pré": "Coopérative Grand-Pré",
    "Sable Island": "Sable Island Capital Corp.",
}
CLASSES = {"Canadian Equity": "Actions canadiennes", "Global Equity": "Actions mondiales",
           "Canadian Fixed Income": "Revenu fixe canadien", "Global Balanced": "Équilibré mondial",
           "Canadian Dividend": "Dividendes canadiens"}  # fmt: skip
HOLDINGS = [
    "Northern Rail Ltd.",
    "Banque de l'Estuaire",
    'Pemmican "Foods" Inc.',
    "Shield Copper, Class B",
    "Hydro Laurentides",
    "Prairie Potash Co.",
    "Fundy Telecom",
    "Compagnie Minière Ungava",
    "Great Slave Energy",
    "Cabot Insurance",
]
ALLOCATIONS = {
    "Asset": [("Equity", "Actions"), ("Bonds", "Obligations"), ("Cash", "Espèces")],
    "Sector": [
        ("Financials", "Finance"),
        ("Energy", "Énergie"),
        ("Utilities", "Services publics"),
        ("Other", "Autres"),
    ],
    "Geographic": [("Canada", "Canada"), ("United States", "États-Unis"), ("Europe", "Europe")],
}
HORIZONS = (1, 3, 5, 10)
RISKS = ("AnnualizedSTD AnnualizedAlpha Beta RSquared AnnualizedSharpe AnnualizedTreynor AnnualizedSortino "
         "AnnualizedInformationRatio AnnualizedJensenAlpha AnnualizedTrackingError TaxEfficiency Calmar "
         "DownsideDeviation")  # fmt: skip
SPANS = " ".join(
    f"{years}Year{measure}"
    for measure in ("MaxDrawdown", "CategoryBatting", "AbsoluteBatting", "UpCapture", "DownCapture")
    for years in ("One", "Three", "Five", "Ten")
)
NAVPS_COLUMNS = (
    "RecordId InstrumentKey CurrentYield CurrentYieldPercentChange Date NAVPS NAVPSPennyChange NAVPSPercentChange "
    "PreviousDate PreviousNAVPS Split RecordState ChangeDate"
)
PRICING_COLUMNS = (
    "InstrumentKey Date NAVPS DailyTotalDistribution DailyDividendIncomeDistribution "
    "DailyForeignDividendIncomeDistribution DailyCapitalGainsDistribution DailyInterestIncomeDistribution "
    "DailyReturnOfPrincipleDistribution DistributionPayDate SplitFactor NAVPSPercentChange PennyChangeDay CurrentYield "
    "CurrentYieldPercentChange"
)
Row = list[str]
Change = Callable[[Row], Row]


@dataclass(frozen=True)
class Fund:
    """One made-up fund: its key, its names and its price movement."""

    key: int
    code: str
    brand: str
    kind: str
    series: str
    drift: float
    swing: float


@dataclass
class SeedFile:
    """One CSV of the sample with its expected results; `spoil` changes rows by their number, from 0."""

    path: str
    columns: list[str]
    rows: list[Row]
    spoil: dict[int, tuple[str, str, Change]] = field(default_factory=dict)
    twice: tuple[int, ...] = ()

    def write(self, root: Path) -> dict[str, object]:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        tally = {"rejected": Counter[str](), "warnings": Counter[str]()}
        for number, row in enumerate(self.rows):
            kind, reason, change = self.spoil.get(number, ("", "", list))
            if kind:
                tally[kind][reason] += 1
            for _ in range(2 if number in self.twice else 1):
                writer.writerow(change(row))
        target = root / self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(out.getvalue(), encoding="utf-8", newline="")
        read = len(self.rows) + len(self.twice)
        return {
            "read": read,
            "duplicate": len(self.twice),
            "rejected_by": tally["rejected"],
            "warnings_by": tally["warnings"],
        }

    def at(self, column: str, value: str) -> Change:
        """Return the change that sets `column` to `value`."""
        place = self.columns.index(column)
        return lambda row: [*row[:place], value, *row[place + 1 :]]


class Market:
    """The made-up funds with their prices; all random numbers come from one seeded generator."""

    def __init__(self) -> None:
        self.rng = random.Random(SEED)  # noqa: S311
        self.funds = [self._make_fund(number) for number in range(FUNDS)]
        self.days = list_navps_days()
        self.pricing_days = list_pricing_days()
        self.prices = {fund.key: self._walk(fund) for fund in self.funds}

    def _make_fund(self, number: int) -> Fund:
        kinds = list(CLASSES)
        return Fund(
            key=SEED + 3 * number + number // 4,
            code=f"SBL{100 + number}",
            brand=list(HOUSES)[number % len(HOUSES)],
            kind=kinds[(number * 2 + number // 5) % len(kinds)],
            series="AFDT"[number % 4],
            drift=self.rng.uniform(0.01, 0.09),
            swing=self.rng.uniform(0.001, 0.011),
        )

    def _walk(self, fund: Fund) -> dict[date, float]:
        """Return a price for every requested day; the change over a gap depends on its length."""
        price, before, prices = self.rng.uniform(8, 30), None, {}
        for day in [*self.pricing_days, *self.days]:
            gap = (day - before).days if before else 1
            chance = sum(self.rng.uniform(-1, 1) for _ in range(4)) * math.sqrt(
                min(gap, 60)
            )  # the same on every platform
            price *= 1 + fund.drift * gap / 365 + fund.swing * chance
            prices[day], before = max(price, 0.5), day
        return prices

    def draw(self, low: float, high: float, places: int = 4) -> str:
        return f"{self.rng.uniform(low, high):.{places}f}"


def list_navps_days() -> list[date]:
    """Return the last business days up to LAST_DAY, oldest first."""
    days: list[date] = []
    day = LAST_DAY
    while len(days) < NAVPS_DAYS:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return days[::-1]


def list_pricing_days() -> list[date]:
    """Return two business days before each anniversary of LAST_DAY, and the last one of 2025, for computing returns."""
    days = []
    for year in range(FIRST_PRICING_YEAR, LAST_DAY.year):
        day = LAST_DAY.replace(year=year)
        found = [day - timedelta(days=back) for back in range(6) if (day - timedelta(days=back)).weekday() < 5][:2]
        days += found[::-1]
    return [*days, date(2025, 12, 31)]
