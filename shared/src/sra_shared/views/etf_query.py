"""How the figures of an ETF come about: the query behind etf_page, and what makes a row of it change."""

from __future__ import annotations

from sra_shared.views.base import Keyed, Source, ViewSpec
from sra_shared.views.changes import select_all_changed, select_changed, select_closed
from sra_shared.views.closes import IS_DIVIDEND, follow_names, select_close, select_events
from sra_shared.views.equity_query import (
    JOIN_CLOSE,
    JOIN_DIVIDENDS,
    JOIN_PRICE,
    JOIN_PROFILE,
    JOIN_QUOTE,
    PER_SHARE_DIGITS,
    divide,
)
from sra_shared.views.etf_risk import BENCHMARKS, CHANGED_MARKET, JOIN_RISK, MARKET, RISK_YEARS
from sra_shared.views.fragments import (
    STALE_AFTER_DAYS,
    annualised,
    months_before,
    performance,
    quotient,
    read_day,
)
from sra_shared.views.performance import (
    HORIZONS,
    TEN_YEARS,
    count_shares,
    join_adjusted_start,
    list_returns,
    list_stored,
    select_adjustment,
    select_basis,
)
from sra_shared.views.price_adjustment import CHANGED_ADJUSTMENTS, CHANGED_LISTED_SYMBOLS

HOLDINGS_SHOWN = 10
_HORIZONS = (*HORIZONS, TEN_YEARS)
DISTRIBUTIONS_SHOWN = 24


def _since_inception(start: str) -> str:
    """Annualised once it is over a year."""
    return (
        f"CASE WHEN si.day < {months_before('e.day', 12)} THEN {annualised('e.price', start, '(e.day - si.day)')}"
        f" ELSE {performance('e.price', start)} END"
    )


_FROM_INCEPTION = f"p.date >= i.inception_date AND p.date <= i.inception_date + {STALE_AFTER_DAYS}"
_JOIN_INCEPTION = f"""LEFT JOIN LATERAL (
  SELECT x.day, x.stored_at, x.price / coalesce(a.split_factor, 1) AS price,
    x.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM ({select_close("s.symbol", _FROM_INCEPTION, first=True)}) x
  LEFT JOIN LATERAL ({select_adjustment("s.symbol", "x.day")}) a ON true
) si ON true"""  # noqa: S608 - fragments of this package


def _join_weights(alias: str, table: str, column: str) -> str:
    return f"""LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('{column}', x.{column}, 'weight_percent', x.weight_percentage)
    ORDER BY x.weight_percentage DESC, x.{column}) FILTER (WHERE x.weight_percentage IS NOT NULL) AS items,
    max(x.updated_at) AS as_of
  FROM public.{table} x WHERE x.symbol = s.symbol AND x.valid_to IS NULL
) {alias} ON true"""  # noqa: S608 - names of this module


_JOIN_HOLDINGS = f"""LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('place', x.place, 'symbol', nullif(x.asset, ''), 'name', nullif(x.name, ''),
    'isin', nullif(x.isin, ''), 'weight_percent', x.weight_percentage, 'shares', x.shares_number,
    'market_value', x.market_value) ORDER BY x.place) FILTER (WHERE x.place <= {HOLDINGS_SHOWN}) AS items,
    count(*) AS positions, max({read_day("x.source_updated_at")}) AS day, max(x.updated_at) AS as_of
  FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.weight_percentage DESC NULLS LAST, x.asset, x.name, x.row_id) AS place
    FROM public.fmp_etf_holding x WHERE x.symbol = s.symbol AND x.valid_to IS NULL
  ) x
) h ON true"""  # noqa: S608
_JOIN_DISTRIBUTIONS = f"""LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('date', x.date, 'dividend', x.dividend,
      'adjusted_dividend', trim_scale(round({quotient("x.dividend", count_shares("x.date"))}, {PER_SHARE_DIGITS})),
      'declaration_date', x.declaration_date, 'record_date', x.record_date, 'payment_date', x.payment_date)
    ORDER BY x.place) FILTER (WHERE x.place <= {DISTRIBUTIONS_SHOWN}) AS items, max(x.updated_at) AS as_of
  FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.date DESC, x.dividend DESC, x.row_id) AS place
    FROM ({select_events("fmp_dividend", "s.symbol", IS_DIVIDEND)}) x
  ) x
) v ON true"""  # noqa: S608
_AS_OF = (
    *(
        "m.as_of",
        "i.updated_at",
        "p.updated_at",
        "q.updated_at",
        "b.as_of",
        "d.as_of",
        "h.as_of",
        "sw.as_of",
        "cw.as_of",
    ),
    *list_stored(_HORIZONS),
    "si.stored_at",
    "k.stored_at",
    "v.as_of",
)

_MORE_RISK = ("sharpe", "beta", "up_capture", "down_capture")
_QUERY = f"""
WITH market AS MATERIALIZED ({MARKET})
SELECT s.symbol, coalesce(m.name, i.name) AS name, m.type, m.exchange, m.currency, m.is_active, i.etf_company AS issuer,
  i.asset_class, coalesce(i.domicile, m.country) AS domicile, coalesce(nullif(i.isin, ''), p.isin) AS isin,
  nullif(i.security_cusip, '') AS cusip, coalesce(i.website, p.website) AS website,
  coalesce(i.description, p.description) AS description, i.inception_date,
  l.price, l.day AS price_date, q.quoted_at, l.change, l.change_percentage, q.open, q.day_low, q.day_high, q.previous_close,
  q.year_low, q.year_high, q.price_avg50, q.price_avg200, q.volume, i.avg_volume AS average_volume, i.nav,
  {read_day("i.source_updated_at")} AS nav_date, i.nav_currency, i.expense_ratio AS expense_ratio_percent,
  i.assets_under_management, coalesce(nullif(h.positions, 0), i.holdings_count) AS holdings_count, p.beta,
  y.dividend AS dividend_ttm, {divide("y.dividend", "l.price")} AS dividend_yield, b.basis AS performance_basis,
  e.day AS performance_date,
  {list_returns(_HORIZONS, "b.basis")},
  CASE WHEN b.basis = 'total_return' THEN {_since_inception("si.total")}
    ELSE {_since_inception("si.price")} END AS performance_inception,
  {_since_inception("si.price")} AS price_return_inception,
  {", ".join(f"k.deviation_{years}y AS standard_deviation_{years}y" for years in RISK_YEARS)},
  {", ".join(f"k.drawdown_{years}y AS max_drawdown_{years}y" for years in RISK_YEARS)},
  h.day AS holdings_date, coalesce(h.items, '[]') AS top_holdings, coalesce(sw.items, '[]') AS sector_weights,
  coalesce(cw.items, '[]') AS country_weights, coalesce(v.items, '[]') AS distributions,
  CASE m.currency {" ".join(f"WHEN '{currency}' THEN '{symbol}'" for currency, symbol in BENCHMARKS)} END AS benchmark_index,
  {", ".join(f"k.{name}_{years}y" for name in _MORE_RISK for years in RISK_YEARS)},
  greatest({", ".join(_AS_OF)}) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND m.type = 'etf'
LEFT JOIN public.fmp_etf_info i ON i.symbol = s.symbol
{JOIN_PROFILE}
{JOIN_QUOTE}
{JOIN_CLOSE}
{JOIN_PRICE}
{JOIN_DIVIDENDS}
LEFT JOIN LATERAL ({select_basis("e.day", TEN_YEARS)}) b ON true
{chr(10).join(join_adjusted_start(horizon, "e.day") for horizon in _HORIZONS)}
{_JOIN_INCEPTION}
{JOIN_RISK}
{_JOIN_DISTRIBUTIONS}
{_JOIN_HOLDINGS}
{_join_weights("sw", "fmp_etf_sector", "sector")}
{_join_weights("cw", "fmp_etf_country", "country")}
CROSS JOIN LATERAL (SELECT coalesce(d.total, p.last_dividend) AS dividend) y
"""  # noqa: S608

_SOURCES = {
    "fmp_etf_info": "etf_info",
    "fmp_etf_holding": "etf_holdings",
    "fmp_etf_sector": "etf_sectors",
    "fmp_etf_country": "etf_countries",
    "fmp_quote": "quote",
    "fmp_eod_price": "eod_prices",
    "equity_profile": "profile",
    "fmp_dividend": "dividends",
    "fmp_split": "splits",
}

# what lies under former symbols too
_OF_NAMES = ("fmp_eod_price", "fmp_dividend", "fmp_split")

ETF_PAGE = ViewSpec(
    name="etf_page",
    key=("symbol",),
    query=_QUERY,
    sources=(
        *(Source(table, "fmp", (dataset,)) for table, dataset in _SOURCES.items()),
        Source("fmp_symbol_alias", "fmp", ("symbol_changes",)),
        Source("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
        Source("fmp_universe", "fmp", ("universe",)),
        Source("fmp_index_price", "fmp", ("index_prices",)),
        Source("fmp_treasury_rate", "fmp", ("treasury_rates",)),
    ),
    uses=("security_master", "price_adjustment"),
    keyed=Keyed(
        scope=("symbol",),
        all_scopes="SELECT identifier AS symbol FROM sra.security_master WHERE source = 'fmp' AND type = 'etf'",
        changed_scopes=(
            *select_all_changed(tuple(name for name in _SOURCES if name not in _OF_NAMES)),
            follow_names(select_changed("fmp_eod_price")),
            *(select_closed(table) for table in ("fmp_etf_holding", "fmp_etf_sector", "fmp_etf_country")),
            *CHANGED_ADJUSTMENTS,
            CHANGED_LISTED_SYMBOLS[0],
            CHANGED_MARKET,
        ),
        indexes=("(exchange)", "(assets_under_management DESC NULLS LAST)"),
    ),
)
