"""The lists of a fund's page, each a query that gives `items` as JSON and when the newest record behind them was stored."""

from __future__ import annotations

from sra_shared.views.fragments import exact, is_english, is_latest_data, quotient

HOLDINGS_SHOWN = 10
DISTRIBUTIONS_SHOWN = 24


def rows_of(dataset: str, alias: str = "d", identifier: str = "s.identifier") -> str:
    """The latest records of a dataset for a fund, the page's unless told otherwise."""
    return (
        f"public.fundata_data {alias} WHERE {alias}.identifier = {identifier} AND {alias}.dataset = '{dataset}'"
        f" AND {is_latest_data(alias)}"
    )


def number_of(column: str, name: str) -> str:
    """A number of the record `d` at full precision."""
    return exact("d", column, name)


def percentile(ranking: str, funds: str) -> str:
    """The place in a category of a hundred: 100 x rank / funds, rounded half up to two decimals."""
    return f"round({quotient(f'(100 * {ranking})', funds)}, 2)"


def _in_one_language(rows: str) -> str:
    """English before French: the first of the languages that the rows come in."""
    return f"lower(coalesce(d.language, '')) = (SELECT min(lower(coalesce(d.language, ''))) FROM {rows})"  # noqa: S608


def _list_all(dataset: str, item: str, order: str) -> str:
    rows = rows_of(dataset)
    return (
        f"SELECT jsonb_agg({item} ORDER BY {order}) AS items, max(d.processed_at) AS processed_at"  # noqa: S608
        f" FROM {rows} AND d.row_ordinal = 0 AND {_in_one_language(rows)}"
    )


def _list_newest(dataset: str, item: str, order: str, *, day: str, most: int) -> str:
    """Those of the newest day, the first so many of them."""
    rows = rows_of(dataset)
    of_day = f"{rows} AND d.{day} IS NOT DISTINCT FROM newest.day"
    return f"""SELECT newest.day, (SELECT max(d.processed_at) FROM {rows}) AS processed_at, (
      SELECT jsonb_agg(x.item ORDER BY x.place) FROM (
        SELECT {item} AS item, row_number() OVER (ORDER BY {order}) AS place
        FROM {of_day} AND d.row_ordinal = 0 AND {_in_one_language(of_day)}
      ) x WHERE x.place <= {most}
    ) AS items
    FROM (SELECT max(d.{day}) AS day FROM {rows}) newest"""  # noqa: S608


LOADS = _list_all(
    "FundLoads",
    "jsonb_build_object('fund_serv_code', d.fund_serv_code, 'sales_status', d.sales_status, 'load_type', d.load_type,"
    f" 'max_percent', {number_of('max_percent', 'MaxPercent')})",
    "d.fund_serv_code, d.record_id",
)
TRAILERS = _list_all(
    "FundTrailerSchedule",
    "jsonb_build_object('fund_serv_code', d.fund_serv_code, 'start_month', d.start_month, 'end_month', d.end_month,"
    f" 'description', d.description, 'fee_percent', {number_of('fee', 'Fee')})",
    "d.fund_serv_code, d.start_month, d.record_id",
)
OTHER_FEES = _list_all(
    "FundOtherFee",
    f"jsonb_build_object('type', d.fee_type, 'value', {number_of('value', 'Value')}, 'days', d.days, 'paid_by', d.paid_by,"
    " 'note', d.fee_note)",
    "d.fee_type, d.record_id",
)
IDENTIFIERS = _list_all(
    "InstrumentIdentifier",
    "jsonb_build_object('type', d.identifier_type, 'value', d.identifier_value)",
    "d.identifier_type, d.identifier_value, d.record_id",
)
HOLDINGS = _list_newest(
    "FundTopHolding",
    "jsonb_build_object('number', d.holding_number, 'security', d.security,"
    f" 'market_percent', {number_of('market_percent', 'MarketPercent')})",
    "d.holding_number, d.record_id",
    day="date",
    most=HOLDINGS_SHOWN,
)

_ALLOCATION = (
    "jsonb_build_object('type', d.allocation_type, 'name', d.allocation_name, 'percent', "
    f"{number_of('allocation_value', 'AllocationValue')}, 'date', d.allocation_date)"
)
_OF_TYPE = (
    f"{rows_of('FundAllocation')} AND d.allocation_type IS NOT DISTINCT FROM newest.type"
    " AND d.allocation_date IS NOT DISTINCT FROM newest.day"
)
# the types are not delivered on the same days
ALLOCATIONS = f"""SELECT max(newest.day) AS day, jsonb_agg(x.item ORDER BY newest.type, x.record_id) AS items,
  max(newest.stored) AS processed_at
FROM (
  SELECT d.allocation_type AS type, max(d.allocation_date) AS day, max(d.processed_at) AS stored
  FROM {rows_of("FundAllocation")} GROUP BY d.allocation_type
) newest CROSS JOIN LATERAL (
  SELECT {_ALLOCATION} AS item, d.record_id FROM {_OF_TYPE} AND d.row_ordinal = 0 AND {_in_one_language(_OF_TYPE)}
) x"""  # noqa: S608

_EXPENSE = number_of("expense_value", "ExpenseValue")
EXPENSES = f"""SELECT jsonb_agg(x.item ORDER BY x.expense_type, x.record_id) AS items, max(x.processed_at) AS processed_at,
  max(x.percent) FILTER (WHERE upper(x.expense_type) = 'MER') AS mer,
  max(x.percent) FILTER (WHERE upper(x.expense_type) = 'TER') AS ter
FROM (
  SELECT DISTINCT ON (d.expense_type) jsonb_build_object('type', d.expense_type, 'date', d.expense_date, 'percent',
    {_EXPENSE}) AS item, {_EXPENSE} AS percent, d.expense_type, d.record_id, d.processed_at
  FROM {rows_of("FundExpenses")} ORDER BY d.expense_type, d.expense_date DESC NULLS LAST, d.record_id
) x"""  # noqa: S608

_PAID = ", ".join(
    f"'{key}', {number_of(column, name)}"
    for key, column, name in (
        ("total", "total_distribution", "TotalDistribution"),
        ("dividend_income", "dividend_income", "DividendIncome"),
        ("foreign_dividend_income", "foreign_dividend_income", "ForeignDividendIncome"),
        ("capital_gains", "capital_gains", "CapitalGains"),
        ("interest_income", "interest_income", "InterestIncome"),
        ("return_of_principle", "return_of_principle", "ReturnOfPrinciple"),
    )
)
DISTRIBUTIONS = f"""SELECT jsonb_agg(x.item ORDER BY x.date DESC, x.record_id) AS items, max(x.processed_at) AS processed_at
FROM (
  SELECT jsonb_build_object('date', d.date, {_PAID}) AS item, d.date, d.record_id, d.processed_at
  FROM {rows_of("FundDistribution")} AND d.row_ordinal = 0
  ORDER BY d.date DESC NULLS LAST, d.record_id LIMIT {DISTRIBUTIONS_SHOWN}
) x"""  # noqa: S608

# a calendar year's return and its rank have the same month and count the years back alike
CALENDAR_YEARS = f"""SELECT jsonb_agg(x.item ORDER BY x.calendar_year DESC) AS items, max(x.stored) AS processed_at
FROM (
  SELECT DISTINCT ON (d.calendar_return_year) d.calendar_return_year AS calendar_year,
    greatest(d.processed_at, k.processed_at) AS stored, jsonb_build_object('year', d.calendar_return_year,
      'return_percent', {number_of("calendar_simple_return", "CalendarSimpleReturn")},
      'category_rank', k.calendar_return_ranking, 'category_funds', k.calendar_return_fund_count,
      'category_quartile', k.calendar_return_quartile,
      'category_percentile', {percentile("k.calendar_return_ranking", "k.calendar_return_fund_count")}) AS item
  FROM (SELECT d.* FROM {rows_of("FundYearlyPerformance")} AND d.calendar_return_year IS NOT NULL) d
  LEFT JOIN LATERAL (
    SELECT o.* FROM {rows_of("FundYearlyPerformanceRankingByClass", "o", "d.identifier")} AND o.year = d.year
      AND o.month_end_date = d.month_end_date ORDER BY o.record_id DESC LIMIT 1
  ) k ON true
  ORDER BY d.calendar_return_year, d.month_end_date DESC NULLS LAST, d.record_id DESC
) x"""  # noqa: S608

# its name and its returns stand in records of the benchmark's own
_BENCHMARK_NAME = f"""SELECT n.legal_name, n.processed_at FROM {rows_of("BenchmarkGeneral", "n", "b.benchmark_instrument_key")}
  ORDER BY coalesce({is_english("n")}, false) DESC, n.record_id LIMIT 1"""  # noqa: S608
_BENCHMARK_RETURNS = f"""SELECT jsonb_agg(x.item ORDER BY x.year) AS items, max(x.processed_at) AS processed_at FROM (
    SELECT DISTINCT ON (d.year) d.year, d.processed_at, jsonb_build_object('years', d.year, 'month_end_date', d.month_end_date,
      'annualised_return_percent', {number_of("compound_return", "CompoundReturn")}) AS item
    FROM {rows_of("BenchmarkYearlyPerformance", "d", "b.benchmark_instrument_key")}
      AND d.year IS NOT NULL AND d.compound_return IS NOT NULL
    ORDER BY d.year, d.month_end_date DESC NULLS LAST, d.record_id DESC
  ) x"""  # noqa: S608
_ASSOCIATED = rows_of("FundAssociateBenchmark")
BENCHMARKS = f"""SELECT jsonb_agg(jsonb_build_object('type', b.benchmark_type, 'identifier', b.benchmark_instrument_key,
    'name', n.legal_name, 'returns', coalesce(p.items, '[]')) ORDER BY b.benchmark_type, b.record_id) AS items,
  greatest(max(b.processed_at), max(n.processed_at), max(p.processed_at)) AS processed_at
FROM (SELECT d.* FROM {_ASSOCIATED} AND d.row_ordinal = 0 AND {_in_one_language(_ASSOCIATED)}) b
LEFT JOIN LATERAL ({_BENCHMARK_NAME}) n ON true
LEFT JOIN LATERAL ({_BENCHMARK_RETURNS}) p ON true"""  # noqa: S608
