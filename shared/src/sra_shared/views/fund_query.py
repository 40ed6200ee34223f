"""How a fund's page comes about: the query behind fund_page, and what makes a row of it change."""

from __future__ import annotations

from sra_shared.views.base import Keyed, Source, ViewSpec
from sra_shared.views.fragments import STALE_AFTER_DAYS, exact, is_english, is_latest_quote
from sra_shared.views.fund_lists import (
    ALLOCATIONS,
    BENCHMARKS,
    CALENDAR_YEARS,
    DISTRIBUTIONS,
    EXPENSES,
    HOLDINGS,
    IDENTIFIERS,
    LOADS,
    OTHER_FEES,
    TRAILERS,
    number_of,
    percentile,
    rows_of,
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
    "FundEquityStyle",
    "FundFixedIncomeStyle",
    "InstrumentIdentifier",
)
_OF_BENCHMARKS = ("BenchmarkGeneral", "BenchmarkYearlyPerformance")


def _newest(dataset: str, columns: str, by: str = "month_end_date") -> str:
    return f"SELECT {columns} FROM {rows_of(dataset)} ORDER BY d.{by} DESC NULLS LAST, d.record_id DESC LIMIT 1"  # noqa: S608


def _per_period(dataset: str, columns: str, years: int) -> str:
    return (
        f"SELECT {columns} FROM {rows_of(dataset)} AND d.year = {years}"  # noqa: S608
        " ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1"
    )


def _join(alias: str, query: str) -> str:
    return f"LEFT JOIN LATERAL ({query}) {alias} ON true"


def _build_return(years: int) -> str:
    return (
        f"jsonb_build_object('years', {years}, 'month_end_date', y{years}.month_end_date,"
        f" 'annualised_return_percent', y{years}.value, 'rank_month_end_date', r{years}.month_end_date,"
        f" 'category_rank', r{years}.ranking, 'category_funds', r{years}.funds, 'category_quartile', r{years}.quartile,"
        f" 'category_percentile', {percentile(f'r{years}.ranking', f'r{years}.funds')})"
    )


_RISK = (
    ("beta", "beta", "Beta"),
    ("alpha", "annualized_alpha", "AnnualizedAlpha"),
    ("standard_deviation", "annualized_std", "AnnualizedSTD"),
    ("sharpe", "annualized_sharpe", "AnnualizedSharpe"),
    ("r_squared", "r_squared", "RSquared"),
    ("treynor", "annualized_treynor", "AnnualizedTreynor"),
    ("sortino", "annualized_sortino", "AnnualizedSortino"),
    ("information_ratio", "annualized_information_ratio", "AnnualizedInformationRatio"),
    ("tracking_error", "annualized_tracking_error", "AnnualizedTrackingError"),
    ("downside_deviation", "downside_deviation", "DownsideDeviation"),
    ("jensen_alpha", "annualized_jensen_alpha", "AnnualizedJensenAlpha"),
    ("calmar", "calmar", "Calmar"),
    ("tax_efficiency", "tax_efficiency", "TaxEfficiency"),
)


def _build_risk(years: int) -> str:
    word = _WORDS[years].lower()
    figures = ", ".join(f"'{name}', k{years}.{name}" for name, _, _ in _RISK)
    return (
        f"jsonb_build_object('years', {years}, 'month_end_date', k{years}.month_end_date, {figures},"
        f" 'drawdown_month_end_date', a.month_end_date, 'max_drawdown_percent', a.{word}_drawdown,"
        f" 'up_capture', a.{word}_up, 'down_capture', a.{word}_down,"
        f" 'category_batting', a.{word}_category, 'absolute_batting', a.{word}_absolute)"
    )


def _join_period(years: int) -> str:
    yearly = f"d.month_end_date, {number_of('compound_return', 'CompoundReturn')} AS value, d.processed_at"
    ranking = (
        "d.month_end_date, d.compound_return_ranking AS ranking, d.compound_return_fund_count AS funds,"
        " d.compound_return_quartile AS quartile, d.processed_at"
    )
    figures = ", ".join(f"{number_of(column, vendors)} AS {name}" for name, column, vendors in _RISK)
    return "\n".join(
        (
            _join(f"y{years}", _per_period("FundYearlyPerformance", yearly, years)),
            _join(f"r{years}", _per_period("FundYearlyPerformanceRankingByClass", ranking, years)),
            _join(
                f"k{years}",
                _per_period("FundRiskYearlyPerformance", f"d.month_end_date, {figures}, d.processed_at", years),
            ),
        )
    )


def _list_numbers(*names: tuple[str, str]) -> str:
    return ", ".join(f"{number_of(column, name)} AS {column}" for column, name in names)


_SUMMARY = (
    "d.month_end_date, d.performance_start_date, d.inception_return_date, d.fund_grade, d.processed_at, "
    + _list_numbers(
        ("one_month_return", "OneMonthReturn"),
        ("three_month_return", "ThreeMonthReturn"),
        ("six_month_return", "SixMonthReturn"),
        ("ytd_return", "YTDReturn"),
        ("inception_return", "InceptionReturn"),
        ("ytd_total_distribution", "YTDTotalDistribution"),
    )
)
_ADVANCED = ", ".join(
    f"{number_of(f'{word.lower()}_year_{column}', f'{word}Year{name}')} AS {word.lower()}_{short}"
    for word in _WORDS.values()
    for column, name, short in (
        ("max_drawdown", "MaxDrawdown", "drawdown"),
        ("up_capture", "UpCapture", "up"),
        ("down_capture", "DownCapture", "down"),
        ("category_batting", "CategoryBatting", "category"),
        ("absolute_batting", "AbsoluteBatting", "absolute"),
    )
)
_WHOLE_HISTORY = "d.month_end_date, d.max_start_date, d.max_end_date, d.processed_at, " + _list_numbers(
    ("worst_monthly_return", "WorstMonthlyReturn"),
    ("uninterrupted_drawdown", "UninterruptedDrawdown"),
    ("max_percent_change", "MaxPercentChange"),
    ("max_down_length", "MaxDownLength"),
    ("max_recovery_time", "MaxRecoveryTime"),
)
_TEXTS = (
    *(
        "instrument_type",
        "strategy",
        "properties",
        "distribution_frequency",
        "legal_status",
        "management_type",
        "share_class",
    ),
    *("fixed_distribution", "high_net_worth", "document_type"),
)
_GENERAL = ", ".join(
    (
        *("d.cifsc_type", "d.series_name", "d.objective", "d.processed_at", *(f"d.{name}" for name in _TEXTS)),
        _list_numbers(
            ("management_fee", "ManagementFee"),
            ("min_investment", "MinInvestment"),
            ("sub_investment", "SubInvestment"),
        ),
    )
)
# not by way of the columns, which large amounts do not fit
_ASSETS = (
    "d.date, public.fundata_parse_number(coalesce(d.raw_json ->> 'FundAssetsValue', d.raw_json ->> 'fund_assets_value'))"
    " AS fund_assets, public.fundata_parse_number(coalesce(d.raw_json ->> 'SeriesAssetsValue',"
    " d.raw_json ->> 'series_assets_value')) AS series_assets, d.processed_at"
)
# of the newest days only: a fund without a yield must not be looked through from its beginning
_YIELD = f"""SELECT y.date, {exact("y", "current_yield", "CurrentYield")} AS current_yield,
  {exact("y", "current_yield_percent_change", "CurrentYieldPercentChange")} AS change, y.processed_at
  FROM public.fundata_quotes y WHERE y.identifier = s.identifier AND y.date <= q.date AND y.date >= q.date - {STALE_AFTER_DAYS}
    AND y.row_ordinal = 0 AND y.current_yield IS NOT NULL AND {is_latest_quote("y")}
  ORDER BY y.date DESC, y.dataset LIMIT 1"""  # noqa: S608 - fragments of this package
_LISTS = {
    "h": HOLDINGS,
    "l": ALLOCATIONS,
    "e": EXPENSES,
    "t": DISTRIBUTIONS,
    "loads": LOADS,
    "trailers": TRAILERS,
    "fees": OTHER_FEES,
    "benchmarks": BENCHMARKS,
    "calendar": CALENDAR_YEARS,
    "ids": IDENTIFIERS,
}
_MOMENTS = ", ".join(
    f"{alias}.processed_at"
    for alias in (
        *(f"{kind}{years}" for kind in "yrk" for years in _PERIODS),
        *("g", "p", "a", "assets", "equities", "bonds", "yields"),
        *_LISTS,
    )
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
  {", ".join(f"g.{name}" for name in _TEXTS)}, g.min_investment, g.sub_investment, p.performance_start_date,
  p.ytd_total_distribution, yields.current_yield AS current_yield_percent, yields.change AS current_yield_change_percent,
  yields.date AS current_yield_date, coalesce(calendar.items, '[]') AS calendar_returns,
  a.month_end_date AS drawdown_date, a.uninterrupted_drawdown AS uninterrupted_drawdown_percent, a.max_percent_change,
  a.max_start_date, a.max_end_date, a.max_down_length, a.max_recovery_time,
  equities.capitalization AS equity_capitalization, equities.style AS equity_style,
  equities.month_end_date AS equity_style_date, bonds.duration_class AS fixed_income_duration,
  bonds.credit_rating_class AS fixed_income_credit_rating, bonds.month_end_date AS fixed_income_style_date,
  coalesce(ids.items, '[]') AS identifiers, greatest(m.as_of, q.as_of, {_MOMENTS}) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
LEFT JOIN LATERAL (
  SELECT n.* FROM published.fund_quote_history n WHERE n.identifier = s.identifier ORDER BY n.date DESC LIMIT 1
) q ON true
LEFT JOIN LATERAL (
  SELECT {_GENERAL} FROM {rows_of("FundGeneral")}
  ORDER BY coalesce({is_english("d")}, false) DESC, d.change_date DESC NULLS LAST, d.record_id LIMIT 1
) g ON true
{_join("p", _newest("FundPerformanceSummary", _SUMMARY))}
{_join("a", _newest("FundAdvancedPerformance", f"{_ADVANCED}, {_WHOLE_HISTORY}"))}
{_join("assets", _newest("FundAssets", _ASSETS, "date"))}
{_join("equities", _newest("FundEquityStyle", "d.capitalization, d.style, d.month_end_date, d.processed_at"))}
{_join("bonds", _newest("FundFixedIncomeStyle", "d.duration_class, d.credit_rating_class, d.month_end_date, d.processed_at"))}
{_join("yields", _YIELD)}
{chr(10).join(_join_period(years) for years in _PERIODS)}
{chr(10).join(_join(alias, query) for alias, query in _LISTS.items())}
"""  # noqa: S608 - fragments of this package


def _list_names(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_CHANGED_DATA = f"""
SELECT identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset IN ({_list_names(_DATASETS)})
"""  # noqa: S608
_CHANGED_BENCHMARKS = f"""
SELECT d.identifier, n.run_id FROM public.fundata_data n
JOIN public.fundata_data d ON d.dataset = 'FundAssociateBenchmark' AND d.benchmark_instrument_key = n.identifier
WHERE n.run_id = ANY($1::uuid[]) AND n.dataset IN ({_list_names(_OF_BENCHMARKS)})
"""  # noqa: S608

FUND_PAGE = ViewSpec(
    name="fund_page",
    key=("identifier",),
    query=_QUERY,
    sources=(
        Source("fundata_data", "fundata", (*_DATASETS, *_OF_BENCHMARKS)),
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
