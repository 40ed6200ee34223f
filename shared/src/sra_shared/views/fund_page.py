"""All that a fund's page shows."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.fragments import exact, is_english, is_latest_data
from sra_shared.views.fund_page_parts import (
    Allocation,
    Benchmark,
    Distribution,
    Expense,
    Holding,
    Load,
    OtherFee,
    PeriodReturn,
    PeriodRisk,
    Trailer,
)
from sra_shared.views.latest_quote import CHANGED_NAVPS

_PERIODS = (1, 3, 5, 10)
_WORDS = {1: "One", 3: "Three", 5: "Five", 10: "Ten"}
_DATASETS = (
    "FundGeneral",
    "FundPerformanceSummary",
    "FundYearlyPerformance",
    "FundYearlyPerformanceRankingByClass",
    "FundRiskYearlyPerformance",
    "FundAdvancedPerformance",
    "FundExpenses",
    "FundAssets",
    "FundTopHolding",
    "FundAllocation",
    "FundDistribution",
    "FundLoads",
    "FundTrailerSchedule",
    "FundOtherFee",
    "FundAssociateBenchmark",
)


def _rows(dataset: str) -> str:
    """The latest records of a dataset for the page's fund."""
    return (
        f"public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = '{dataset}' AND {is_latest_data('d')}"
    )


def _newest(dataset: str, columns: str, by: str = "month_end_date") -> str:
    return f"SELECT {columns} FROM {_rows(dataset)} ORDER BY d.{by} DESC NULLS LAST, d.record_id DESC LIMIT 1"  # noqa: S608


def _per_period(dataset: str, columns: str, years: int) -> str:
    return (
        f"SELECT {columns} FROM {_rows(dataset)} AND d.year = {years}"  # noqa: S608
        " ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1"
    )


def _number(column: str, name: str) -> str:
    return exact("d", column, name)


def _join(alias: str, query: str) -> str:
    return f"LEFT JOIN LATERAL ({query}) {alias} ON true"


def _build_return(years: int) -> str:
    return (
        f"jsonb_build_object('years', {years}, 'month_end_date', y{years}.month_end_date,"
        f" 'annualised_return_percent', y{years}.value, 'category_rank', r{years}.ranking,"
        f" 'category_funds', r{years}.funds, 'category_quartile', r{years}.quartile)"
    )


_MORE_RISK = (
    ("r_squared", "r_squared", "RSquared"),
    ("treynor", "annualized_treynor", "AnnualizedTreynor"),
    ("sortino", "annualized_sortino", "AnnualizedSortino"),
    ("information_ratio", "annualized_information_ratio", "AnnualizedInformationRatio"),
    ("tracking_error", "annualized_tracking_error", "AnnualizedTrackingError"),
    ("downside_deviation", "downside_deviation", "DownsideDeviation"),
)


def _build_risk(years: int) -> str:
    word = _WORDS[years].lower()
    more = ", ".join(f"'{name}', k{years}.{name}" for name, _, _ in _MORE_RISK)
    return (
        f"jsonb_build_object('years', {years}, 'month_end_date', k{years}.month_end_date, 'beta', k{years}.beta,"
        f" 'alpha', k{years}.alpha, 'standard_deviation', k{years}.deviation, 'sharpe', k{years}.sharpe,"
        f" 'max_drawdown_percent', a.{word}_drawdown, 'up_capture', a.{word}_up, 'down_capture', a.{word}_down,"
        f" {more},"
        f" 'category_batting', a.{word}_category, 'absolute_batting', a.{word}_absolute)"
    )


def _join_period(years: int) -> str:
    yearly = f"d.month_end_date, {_number('compound_return', 'CompoundReturn')} AS value, d.processed_at"
    ranking = (
        "d.compound_return_ranking AS ranking, d.compound_return_fund_count AS funds,"
        " d.compound_return_quartile AS quartile, d.processed_at"
    )
    risk = (
        f"d.month_end_date, {_number('beta', 'Beta')} AS beta, {_number('annualized_alpha', 'AnnualizedAlpha')} AS alpha,"
        f" {_number('annualized_std', 'AnnualizedSTD')} AS deviation,"
        f" {_number('annualized_sharpe', 'AnnualizedSharpe')} AS sharpe, d.processed_at,"
        f" {', '.join(f'{_number(column, vendors)} AS {name}' for name, column, vendors in _MORE_RISK)}"
    )
    return "\n".join(
        (
            _join(f"y{years}", _per_period("FundYearlyPerformance", yearly, years)),
            _join(f"r{years}", _per_period("FundYearlyPerformanceRankingByClass", ranking, years)),
            _join(f"k{years}", _per_period("FundRiskYearlyPerformance", risk, years)),
        )
    )


_SUMMARY = ", ".join(
    f"{_number(column, name)} AS {column}"
    for column, name in (
        ("one_month_return", "OneMonthReturn"),
        ("three_month_return", "ThreeMonthReturn"),
        ("six_month_return", "SixMonthReturn"),
        ("ytd_return", "YTDReturn"),
        ("inception_return", "InceptionReturn"),
    )
)
_ADVANCED = ", ".join(
    f"{_number(f'{word.lower()}_year_{column}', f'{word}Year{name}')} AS {word.lower()}_{short}"
    for word in _WORDS.values()
    for column, name, short in (
        ("max_drawdown", "MaxDrawdown", "drawdown"),
        ("up_capture", "UpCapture", "up"),
        ("down_capture", "DownCapture", "down"),
        ("category_batting", "CategoryBatting", "category"),
        ("absolute_batting", "AbsoluteBatting", "absolute"),
    )
)
_WORST = f"{_number('worst_monthly_return', 'WorstMonthlyReturn')} AS worst_monthly_return"
_ENGLISH_FIRST = f"coalesce({is_english('d')}, false)"
_SAME_LANGUAGE = (
    "lower(coalesce(d.language, '')) = (SELECT min(lower(coalesce(d.language, ''))) FROM {rows}"
    " AND d.{day} IS NOT DISTINCT FROM newest.day)"
)


def _list_newest(dataset: str, day: str, item: str, order: str) -> str:
    """The items of the newest day in one language, English before French, as a JSON list."""
    rows = _rows(dataset)
    same = _SAME_LANGUAGE.format(rows=rows, day=day)
    return (
        f"SELECT newest.day, (SELECT jsonb_agg({item} ORDER BY {order}) FROM {rows}"  # noqa: S608
        f" AND d.row_ordinal = 0 AND d.{day} IS NOT DISTINCT FROM newest.day AND {same}) AS items,"
        f" (SELECT max(d.processed_at) FROM {rows}) AS processed_at"
        f" FROM (SELECT max(d.{day}) AS day FROM {rows}) newest"
    )


def _list_all(dataset: str, item: str, order: str) -> str:
    """All items in one language, English before French, as a JSON list."""
    rows = _rows(dataset)
    return (
        f"SELECT jsonb_agg({item} ORDER BY {order}) AS items, max(d.processed_at) AS processed_at"  # noqa: S608
        f" FROM {rows} AND d.row_ordinal = 0 AND lower(coalesce(d.language, ''))"
        f" = (SELECT min(lower(coalesce(d.language, ''))) FROM {rows})"
    )


_LOAD = (
    "jsonb_build_object('fund_serv_code', d.fund_serv_code, 'sales_status', d.sales_status, 'load_type', d.load_type,"
    f" 'max_percent', {_number('max_percent', 'MaxPercent')})"
)
_TRAILER = (
    "jsonb_build_object('fund_serv_code', d.fund_serv_code, 'start_month', d.start_month, 'end_month', d.end_month,"
    f" 'description', d.description, 'fee_percent', {_number('fee', 'Fee')})"
)
_OTHER_FEE = (
    f"jsonb_build_object('type', d.fee_type, 'value', {_number('value', 'Value')}, 'days', d.days, 'paid_by', d.paid_by,"
    " 'note', d.fee_note)"
)
_BENCHMARK = (
    "jsonb_build_object('type', d.benchmark_type, 'identifier', d.benchmark_instrument_key, 'name',"  # noqa: S608
    " (SELECT n.legal_name FROM public.fundata_data n WHERE n.identifier = d.benchmark_instrument_key"
    f" AND n.dataset = 'BenchmarkGeneral' AND {is_latest_data('n')}"
    f" ORDER BY coalesce({is_english('n')}, false) DESC, n.record_id LIMIT 1))"
)
_HOLDING = (
    "jsonb_build_object('number', d.holding_number, 'security', d.security,"
    f" 'market_percent', {_number('market_percent', 'MarketPercent')})"
)
_ALLOCATION = (
    "jsonb_build_object('type', d.allocation_type, 'name', d.allocation_name,"
    f" 'percent', {_number('allocation_value', 'AllocationValue')})"
)
_EXPENSE = (
    "jsonb_build_object('type', d.expense_type, 'date', d.expense_date,"
    f" 'percent', {_number('expense_value', 'ExpenseValue')})"
)
_DISTRIBUTION = "jsonb_build_object('date', d.date, " + ", ".join(
    f"'{key}', {_number(column, name)}"
    for key, column, name in (
        ("total", "total_distribution", "TotalDistribution"),
        ("dividend_income", "dividend_income", "DividendIncome"),
        ("foreign_dividend_income", "foreign_dividend_income", "ForeignDividendIncome"),
        ("capital_gains", "capital_gains", "CapitalGains"),
        ("interest_income", "interest_income", "InterestIncome"),
        ("return_of_principle", "return_of_principle", "ReturnOfPrinciple"),
    )
)
_DISTRIBUTION += ")"
_GENERAL = f"d.cifsc_type, d.series_name, d.objective, {_number('management_fee', 'ManagementFee')} AS management_fee"
_MOMENTS = ", ".join(
    [f"{kind}{years}.processed_at" for kind in "yrk" for years in _PERIODS]
    + [
        f"{alias}.processed_at"
        for alias in ("g", "p", "a", "assets", "h", "l", "e", "t", "loads", "trailers", "fees", "benchmarks")
    ]
)

# not by way of the columns, which large amounts do not fit
_ASSETS = (
    "d.date, public.fundata_parse_number(coalesce(d.raw_json ->> 'FundAssetsValue', d.raw_json ->> 'fund_assets_value'))"
    " AS fund_assets, public.fundata_parse_number(coalesce(d.raw_json ->> 'SeriesAssetsValue',"
    " d.raw_json ->> 'series_assets_value')) AS series_assets, d.processed_at"
)

_QUERY = f"""
SELECT s.identifier, m.name, m.name_en, m.name_fr, m.company, m.family, g.series_name AS series, g.cifsc_type AS category,
  g.objective, m.currency, m.inception_date, q.navps AS nav, q.date AS nav_date, q.change AS nav_change,
  q.change_percent AS nav_change_percent, assets.fund_assets, assets.series_assets, assets.date AS assets_date,
  p.month_end_date AS returns_date, p.one_month_return AS return_1m_percent, p.three_month_return AS return_3m_percent,
  p.six_month_return AS return_6m_percent, p.ytd_return AS return_ytd_percent, p.inception_return AS return_inception_percent,
  p.inception_return_date AS inception_return_date, p.fund_grade,
  jsonb_build_array({", ".join(_build_return(years) for years in _PERIODS)}) AS returns,
  jsonb_build_array({", ".join(_build_risk(years) for years in _PERIODS)}) AS risk,
  g.management_fee AS management_fee_percent, coalesce(e.items, '[]') AS expenses, h.day AS holdings_date,
  coalesce(h.items, '[]') AS top_holdings, l.day AS allocations_date, coalesce(l.items, '[]') AS allocations,
  coalesce(t.items, '[]') AS distributions, q.price_return AS price_return_1d, q.total_return AS total_return_1d,
  e.mer AS mer_percent, e.ter AS ter_percent, a.worst_monthly_return AS worst_monthly_return_percent,
  coalesce(loads.items, '[]') AS loads, coalesce(trailers.items, '[]') AS trailers,
  coalesce(fees.items, '[]') AS other_fees, coalesce(benchmarks.items, '[]') AS benchmarks,
  greatest(m.as_of, q.as_of, {_MOMENTS}) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
LEFT JOIN LATERAL (
  SELECT n.* FROM published.fund_quote_history n WHERE n.identifier = s.identifier ORDER BY n.date DESC LIMIT 1
) q ON true
LEFT JOIN LATERAL (
  SELECT {_GENERAL}, d.processed_at FROM {_rows("FundGeneral")}
  ORDER BY {_ENGLISH_FIRST} DESC, d.change_date DESC NULLS LAST, d.record_id LIMIT 1
) g ON true
{
    _join(
        "p",
        _newest(
            "FundPerformanceSummary",
            f"d.month_end_date, d.inception_return_date, d.fund_grade, {_SUMMARY}, d.processed_at",
        ),
    )
}
{_join("a", _newest("FundAdvancedPerformance", f"{_ADVANCED}, {_WORST}, d.processed_at"))}
{_join("assets", _newest("FundAssets", _ASSETS, "date"))}
{chr(10).join(_join_period(years) for years in _PERIODS)}
{_join("h", _list_newest("FundTopHolding", "date", _HOLDING, "d.holding_number, d.record_id"))}
{_join("l", _list_newest("FundAllocation", "allocation_date", _ALLOCATION, "d.allocation_type, d.record_id"))}
LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.item ORDER BY x.expense_type, x.record_id) AS items, max(x.processed_at) AS processed_at,
    max(x.percent) FILTER (WHERE upper(x.expense_type) = 'MER') AS mer,
    max(x.percent) FILTER (WHERE upper(x.expense_type) = 'TER') AS ter
  FROM (
    SELECT DISTINCT ON (d.expense_type) {_EXPENSE} AS item, {
    _number("expense_value", "ExpenseValue")
} AS percent, d.expense_type, d.record_id, d.processed_at
    FROM {_rows("FundExpenses")} ORDER BY d.expense_type, d.expense_date DESC NULLS LAST, d.record_id
  ) x
) e ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.item ORDER BY x.date DESC, x.record_id) AS items, max(x.processed_at) AS processed_at FROM (
    SELECT {_DISTRIBUTION} AS item, d.date, d.record_id, d.processed_at
    FROM {_rows("FundDistribution")} AND d.row_ordinal = 0 ORDER BY d.date DESC NULLS LAST, d.record_id LIMIT 24
  ) x
) t ON true
{_join("loads", _list_all("FundLoads", _LOAD, "d.fund_serv_code, d.record_id"))}
{_join("trailers", _list_all("FundTrailerSchedule", _TRAILER, "d.fund_serv_code, d.start_month, d.record_id"))}
{_join("fees", _list_all("FundOtherFee", _OTHER_FEE, "d.fee_type, d.record_id"))}
{_join("benchmarks", _list_all("FundAssociateBenchmark", _BENCHMARK, "d.benchmark_type, d.record_id"))}
"""  # noqa: S608 - fragments of this package

_CHANGED_DATA = f"""
SELECT identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset IN ({", ".join(f"'{name}'" for name in _DATASETS)})
"""  # noqa: S608
# the name of a benchmark stands in a record of its own
_CHANGED_BENCHMARKS = """
SELECT d.identifier, n.run_id FROM public.fundata_data n
JOIN public.fundata_data d ON d.dataset = 'FundAssociateBenchmark' AND d.benchmark_instrument_key = n.identifier
WHERE n.run_id = ANY($1::uuid[]) AND n.dataset = 'BenchmarkGeneral'
"""

Percent = Annotated[Decimal | None, Col("percent, as the vendor delivers it")]
Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class FundPage(ViewModel):
    """One row per mutual fund: profile, value, returns, rank, risk, fees, holdings, allocations, distributions.

    Returns over standard horizons are the vendor's (FundPerformanceSummary, FundYearlyPerformance) at the newest month's
    end, in percent and at full precision; so are rank and quartile (FundYearlyPerformanceRankingByClass), risk
    (FundRiskYearlyPerformance), drawdown and capture (FundAdvancedPerformance). Lists are those of the newest day, in
    English where both languages are there; distributions are the newest 24. Source: specification, section 5.
    """

    identifier: str = Field(description="InstrumentKey.")
    name: str | None = Field(description="Name to show: English, else French.")
    name_en: str | None = Field(description="English name.")
    name_fr: str | None = Field(description="French name.")
    company: str | None = Field(description="Manager.")
    family: str | None = Field(description="Fund family.")
    series: str | None = Field(description="Series.")
    category: str | None = Field(description="CIFSC category.")
    objective: str | None = Field(description="Objective.")
    currency: str | None = Field(description="Currency of every amount of the row.")
    inception_date: dt.date | None = Field(description="First day of the fund.")
    nav: Amount = Field(description="Newest net asset value per share, with all delivered digits.")
    nav_date: dt.date | None = Field(description="Its day.")
    nav_change: Amount = Field(description="Its change since the day before, vendor's.")
    nav_change_percent: Percent = Field(description="The same in percent, vendor's.")
    fund_assets: Amount = Field(description="Assets of the fund, all series.")
    series_assets: Amount = Field(description="Assets of the series.")
    assets_date: dt.date | None = Field(description="Day of the assets.")
    returns_date: dt.date | None = Field(description="Month's end of the returns that follow.")
    return_1m_percent: Percent = Field(description="Return over one month.")
    return_3m_percent: Percent = Field(description="Return over three months.")
    return_6m_percent: Percent = Field(description="Return over six months.")
    return_ytd_percent: Percent = Field(description="Return since the year began.")
    return_inception_percent: Percent = Field(description="Return since inception, a year.")
    inception_return_date: dt.date | None = Field(description="First day of that return.")
    fund_grade: str | None = Field(description="The vendor's grade, A to E.")
    returns: list[PeriodReturn] = Field(
        description="Annualised return, rank and quartile in the category over 1, 3, 5, 10 years."
    )
    risk: list[PeriodRisk] = Field(description="Risk, drawdown and capture over 1, 3, 5, 10 years.")
    management_fee_percent: Percent = Field(description="Management fee, a year.")
    expenses: list[Expense] = Field(description="Newest ratio of each type.")
    holdings_date: dt.date | None = Field(description="Day of the holdings.")
    top_holdings: list[Holding] = Field(description="The ten largest positions.")
    allocations_date: dt.date | None = Field(description="Day of the allocations.")
    allocations: list[Allocation] = Field(description="Portfolio by asset class, region and so on.")
    distributions: list[Distribution] = Field(description="Newest 24 distributions, newest first.")
    price_return_1d: Fraction = Field(description="Change of the newest value alone, ours (see fund_quote_history).")
    total_return_1d: Fraction = Field(description="The same with distribution and split, ours.")
    mer_percent: Percent = Field(description="Newest management expense ratio.")
    ter_percent: Percent = Field(description="Newest trading expense ratio.")
    worst_monthly_return_percent: Percent = Field(description="Worst return of a month.")
    loads: list[Load] = Field(description="How the series is sold, and its loads.")
    trailers: list[Trailer] = Field(description="Trailing commissions by months of holding.")
    other_fees: list[OtherFee] = Field(description="Fees besides the ratios.")
    benchmarks: list[Benchmark] = Field(description="What the fund is measured by.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="fund_page",
        key=("identifier",),
        query=_QUERY,
        sources=(
            Source("fundata_data", "fundata", (*_DATASETS, "BenchmarkGeneral")),
            Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),
        ),
        uses=("security_master", "fund_quote_history"),
        keyed=Keyed(
            scope=("identifier",),
            all_scopes="SELECT identifier FROM sra.security_master WHERE source = 'fundata'",
            changed_scopes=(
                _CHANGED_DATA,
                _CHANGED_BENCHMARKS,
                f"SELECT identifier, run_id FROM ({CHANGED_NAVPS.strip()}) q",  # noqa: S608
            ),
            indexes=("(lower(name) text_pattern_ops)", "(category)"),
        ),
    )
