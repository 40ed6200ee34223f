"""A market of funds and listings of any size, generated in the database, for the benchmark of the views."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

from sra_shared.kit.db import Pool

FUNDS = 10_000
LISTINGS = 10_000
ETFS = 1_500
NEWEST = date(2025, 9, 26)
_SECONDS = 3600.0


async def put_run(pool: Pool, source: str, *datasets: str) -> UUID:
    """Insert a finished run into the ledger."""
    run = uuid4()
    await pool.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source, scheduled_at, started_at, completed_at)"
        " VALUES ($1::uuid, $3, 'completed', ($1::uuid)::text, $2, now() - interval '1 day', now() - interval '1 day', now())",
        run,
        source,
        "csv_import" if source == "fundata" else "daily_quotes",
    )
    await pool.executemany(
        "INSERT INTO run_unit (task_id, unit, dataset, status, completed_at) VALUES ($1, $2::text, $2::text, 'completed', now())",
        [(run, dataset) for dataset in datasets],
    )
    return run


PUT_FUNDS = """
INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id, data_source,
  content_hash, raw_json, language, legal_name, currency)
SELECT $1, 1, 0, 1, (100000 + f)::text, 'FundGeneral', f::text, 'CSV', '', '{}', 'EN', 'Fund ' || f,
  CASE WHEN f % 4 = 0 THEN 'USD' ELSE 'CAD' END FROM generate_series(1, $2::int) f
"""
PUT_DISTRIBUTIONS = """
INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id, data_source,
  content_hash, raw_json, date, total_distribution)
SELECT $1, 1, 0, 1, (100000 + f)::text, 'FundDistribution', m::text, 'CSV', '',
  jsonb_build_object('TotalDistribution', '0.0125'), $4::date - m, 0.01
FROM generate_series(2, $2::int, 2) f, generate_series(10, $3::int, 30) m
"""
# the other data of a page, with as many records per fund as in production
PUT_RECORDS = """
INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id, data_source,
  content_hash, raw_json, month_end_date, date, allocation_date, expense_date, year, calendar_return_year, compound_return,
  security, holding_number, market_percent, allocation_type, allocation_name, allocation_value, expense_type, expense_value)
SELECT $1, 1, 0, 1, (100000 + f)::text, d.dataset, f || '-' || n, 'CSV', '', '{}', '2025-08-31', '2025-08-31', '2025-08-31',
  '2025-08-31', (ARRAY[1, 3, 5, 10])[n], 2025 - n, n, 'Security ' || n, n, n, 'Type ' || n % 3, 'Part ' || n, n, 'MER', 2
FROM generate_series(1, $2::int) f CROSS JOIN (VALUES ('FundYearlyPerformance', 4), ('FundYearlyPerformanceRankingByClass', 4),
  ('FundRiskYearlyPerformance', 4), ('FundPerformanceSummary', 1), ('FundAdvancedPerformance', 1), ('FundTopHolding', 10),
  ('FundAllocation', 20), ('FundExpenses', 1)) d (dataset, records)
CROSS JOIN LATERAL generate_series(1, d.records) n
"""
PUT_QUOTES = """
INSERT INTO fundata_quotes (run_id, data_version, row_ordinal, parser_version, identifier, date, dataset, data_source,
  content_hash, raw_json, navps, navps_penny_change)
SELECT $1, 1, 0, 1, f, day, 'FundDailyNAVPS', 'CSV', '', jsonb_build_object('RecordId', '', 'InstrumentKey', f,
  'Date', day::text, 'NAVPS', navps::text, 'NAVPSPennyChange', change::text, 'NAVPSPercentChange', '',
  'PreviousDate', (day - 1)::text, 'Split', '', 'RecordState', 'Active', 'ChangeDate', day::text), navps, change
FROM (SELECT (100000 + f)::text AS f, $2::date - d AS day, 10 + (f * 37 + d * 13) % 100000 / 10000.0 AS navps,
        (f + d) % 7 - 3 AS change
      FROM generate_series($3::int, $4::int) f, generate_series(0, $5::int - 1) d) made
"""


async def put_funds(pool: Pool, days: int) -> None:
    """Insert all funds with the data of their pages, and a monthly distribution for every second one."""
    run = await put_run(pool, "fundata", "FundGeneral", "FundDistribution", "FundTopHolding", "FundAllocation")
    await pool.execute(PUT_FUNDS, run, FUNDS, timeout=_SECONDS)
    await pool.execute(PUT_DISTRIBUTIONS, run, FUNDS, days, NEWEST, timeout=_SECONDS)
    await pool.execute(PUT_RECORDS, run, FUNDS, timeout=_SECONDS)


async def put_quotes(pool: Pool, newest: date, days: int) -> None:
    """Insert values of all funds for this many days up to the newest, in a separate run, over two connections."""
    run, half = await put_run(pool, "fundata", "FundDailyNAVPS"), FUNDS // 2
    await asyncio.gather(
        *(
            pool.execute(PUT_QUOTES, run, newest, first, last, days, timeout=_SECONDS)
            for first, last in ((1, half), (half + 1, FUNDS))
        )
    )


_SYMBOL = "'S' || lpad(n::text, 5, '0')"
PUT_UNIVERSE = f"""
INSERT INTO fmp_universe (symbol, exchange, company_name, is_etf, is_fund, is_actively_trading, raw_json, run_id, content_hash)
SELECT {_SYMBOL}, CASE WHEN n % 5 = 0 THEN 'TSX' ELSE 'NYSE' END, 'Company ' || n, n <= $3::int, false, true, '{{}}', $1, ''
FROM generate_series(1, $2::int) n
"""  # noqa: S608 - names of this module
PUT_PROFILES = f"""
INSERT INTO equity_profile (symbol, exchange, company_name, sector, industry, market_cap, currency, is_etf, raw_json, run_id,
  content_hash)
SELECT {_SYMBOL}, CASE WHEN n % 5 = 0 THEN 'TSX' ELSE 'NYSE' END, 'Company ' || n, 'Sector ' || n % 11, 'Industry ' || n % 99,
  1e9 + n, CASE WHEN n % 5 = 0 THEN 'CAD' ELSE 'USD' END, n <= $3::int, '{{"beta": 1.1, "lastDividend": 1}}', $1, ''
FROM generate_series(1, $2::int) n
"""  # noqa: S608
PUT_EVENTS = (
    f"""INSERT INTO fmp_split (symbol, date, numerator, denominator, raw_json, run_id, content_hash)
SELECT {_SYMBOL}, $3::date - 40 - n % 50, 2, 1, '{{}}', $1, '' FROM generate_series(1, $2::int, 40) n""",  # noqa: S608
    f"""INSERT INTO fmp_dividend (symbol, date, dividend, raw_json, run_id, content_hash)
SELECT {_SYMBOL}, $3::date - 20 - 91 * q, 0.25, '{{}}', $1, '' FROM generate_series(1, $2::int, 2) n, generate_series(0, 12) q""",  # noqa: S608
)
PUT_STATEMENTS = """
INSERT INTO {table} (symbol, fiscal_year, period, date, version, reported_currency, {figures}, raw_json, run_id, content_hash)
SELECT {symbol}, 2025 - q / 4, 'Q' || 4 - q % 4, $4::date - 91 * q, 1, CASE WHEN n % 5 = 0 THEN 'CAD' ELSE 'USD' END, {values},
  '{{}}', $1, '' FROM generate_series($3::int + 1, $2::int) n, generate_series(0, 5) q
"""
STATEMENTS = {
    "fmp_income_statement": (
        "revenue",
        "gross_profit",
        "operating_income",
        "ebitda",
        "net_income",
        "eps",
        "eps_diluted",
    ),
    "fmp_balance_sheet": ("total_assets", "total_stockholders_equity", "total_debt", "net_debt"),
    "fmp_cash_flow": ("operating_cash_flow", "free_cash_flow"),
}
PUT_PEERS = f"""
INSERT INTO fmp_peer (symbol, peer_symbol, place, raw_json, run_id, content_hash)
SELECT {_SYMBOL}, 'S' || lpad((($3::int + (n * 7 + p) % ($2::int - $3::int) + 1))::text, 5, '0'), p, '{{}}', $1, ''
FROM generate_series($3::int + 1, $2::int) n, generate_series(1, 6) p
"""  # noqa: S608
PUT_HOLDINGS = f"""
INSERT INTO fmp_etf_holding (symbol, asset, name, isin, security_cusip, occurrence, weight_percentage, raw_json, run_id,
  content_hash)
SELECT {_SYMBOL}, 'H' || h, 'Holding ' || h, '', '', 1, 60 - h, '{{}}', $1, '' FROM generate_series(1, $2::int) n,
  generate_series(1, 50) h
"""  # noqa: S608
PUT_INDICES = """
INSERT INTO fmp_index_price (symbol, date, close, raw_json, run_id, content_hash)
SELECT i, $2::date - d, 5000 + d % 97, '{}', $1, '' FROM unnest(ARRAY['^GSPC', '^GSPTSE']) i, generate_series(0, 2000) d
"""
PUT_RATES = """
INSERT INTO fmp_treasury_rate (date, month3, raw_json, run_id, content_hash)
SELECT $2::date - d, 4 + d % 5 * 0.1, '{}', $1, '' FROM generate_series(0, 2000) d
"""
PUT_CLOSES = f"""
INSERT INTO fmp_eod_price (symbol, date, open, high, low, close, volume, raw_json, run_id, content_hash)
SELECT {_SYMBOL}, day, close, close + 1, close - 1, close, 1000 + n, jsonb_build_object('symbol', {_SYMBOL}, 'date', day,
  'open', close, 'high', close + 1, 'low', close - 1, 'close', close, 'volume', 1000 + n, 'change', 0, 'changePercent', 0,
  'vwap', close), $1, decode(md5(n::text || day), 'hex')
FROM (SELECT n, $2::date - d AS day, round(50 + (n * 31 + d * 17) % 1000 / 100.0, 2) AS close
      FROM generate_series($3::int, $4::int) n, generate_series(0, $5::int - 1) d) made
"""  # noqa: S608
PUT_PRICES = f"""
INSERT INTO fmp_quote (symbol, quoted_at, exchange, price, change, change_percentage, volume, market_cap, raw_json, run_id,
  content_hash)
SELECT {_SYMBOL}, $2::date + interval '20 hours', 'NYSE', 55 + n % 10, n % 7 - 3, n % 9 - 4, 5000, 1e9 + n, '{{}}', $1, ''
FROM generate_series(1, $3::int) n
"""  # noqa: S608


async def put_listings(pool: Pool) -> None:
    """Insert all listings with profiles, events, six quarters of statements, peers and ETF lists; two indices, treasury rates."""
    run = await put_run(
        pool, "fmp", "universe", "profile", "splits", "dividends", "income_statement", "balance_sheet", "cash_flow", "peers",
        "etf_holdings", "index_prices", "treasury_rates",
    )  # fmt: skip
    for statement in (PUT_UNIVERSE, PUT_PROFILES, PUT_PEERS):
        await pool.execute(statement, run, LISTINGS, ETFS, timeout=_SECONDS)
    for statement in PUT_EVENTS:
        await pool.execute(statement, run, LISTINGS, NEWEST, timeout=_SECONDS)
    for table, figures in STATEMENTS.items():
        values = ", ".join(str(100 - number) for number in range(len(figures)))
        text = PUT_STATEMENTS.format(table=table, figures=", ".join(figures), values=values, symbol=_SYMBOL)
        await pool.execute(text, run, LISTINGS, ETFS, NEWEST, timeout=_SECONDS)
    await pool.execute(PUT_HOLDINGS, run, ETFS, timeout=_SECONDS)
    for statement in (PUT_INDICES, PUT_RATES):
        await pool.execute(statement, run, NEWEST, timeout=_SECONDS)


async def put_prices(pool: Pool, newest: date, days: int) -> None:
    """Insert closes of all listings for this many days up to the newest, and quotes of the newest, in a separate run, over two
    connections."""
    run, half = await put_run(pool, "fmp", "eod_prices", "quote"), LISTINGS // 2
    await asyncio.gather(
        *(
            pool.execute(PUT_CLOSES, run, newest, first, last, days, timeout=_SECONDS)
            for first, last in ((1, half), (half + 1, LISTINGS))
        )
    )
    await pool.execute(PUT_PRICES, run, newest, LISTINGS, timeout=_SECONDS)


async def put_market(pool: Pool, days: int) -> None:
    """Insert everything, with one value per fund and one close per listing on each of this many days."""
    await put_funds(pool, days)
    await put_quotes(pool, NEWEST, days)
    await put_listings(pool)
    await put_prices(pool, NEWEST, days)


async def put_day(pool: Pool, number: int) -> None:
    """Insert a later day: 10,000 values of funds, 10,000 closes and quotes of listings."""
    day = NEWEST + timedelta(days=number)
    await put_quotes(pool, day, 1)
    await put_prices(pool, day, 1)
