"""How the figures of an equity come about: the query behind equity_metrics, and what makes a row of it change."""

from __future__ import annotations

from sra_shared.views.base import Keyed, Source, ViewSpec
from sra_shared.views.changes import select_all_changed, select_changed, select_closed
from sra_shared.views.closes import IS_DIVIDEND, follow_names, select_close, select_events
from sra_shared.views.equity_fundamentals import JOIN_FUNDAMENTALS
from sra_shared.views.fragments import PUBLISHED_DIGITS, quotient, read_day
from sra_shared.views.latest_quote import MARKET_ZONE
from sra_shared.views.performance import (
    HORIZONS,
    count_shares,
    join_adjusted_start,
    list_returns,
    list_stored,
    select_basis,
)
from sra_shared.views.price_adjustment import CHANGED_ADJUSTMENTS, CHANGED_LISTED_SYMBOLS

_SUMMED = (
    *("revenue", "gross_profit", "operating_income", "ebitda", "net_income", "eps", "eps_diluted"),
    *("operating_cash_flow", "capital_expenditure", "free_cash_flow"),
)
_BALANCE = (
    *("total_assets", "total_liabilities", "total_stockholders_equity", "cash_and_short_term_investments"),
    *("total_debt", "net_debt"),
)


PER_SHARE_DIGITS = 10
_SHOWN = {name: f"trim_scale(round(f.{name}, {PER_SHARE_DIGITS}))" for name in ("eps", "eps_diluted")}


def divide(above: str, below: str) -> str:
    """A quotient as published; NULL where it is by zero."""
    return f"round({quotient(above, below)}, {PUBLISHED_DIGITS})"


def _divide_by_gain(above: str, below: str) -> str:
    """The same, NULL also by a loss, by which no such ratio has a meaning."""
    return divide(above, f"CASE WHEN {below} > 0 THEN {below} END")


def _value(name: str, computed: str, vendor: str) -> str:
    """A ratio of price and statements: ours in one currency, the vendor's in two."""
    return (
        f"CASE v.basis WHEN 'computed' THEN {computed}"
        f" WHEN 'vendor' THEN round(CASE WHEN {vendor} > 0 THEN {vendor} END, {PUBLISHED_DIGITS}) END AS {name}"
    )


# what the vendor derived for the newest fiscal year, in its newest version
def _join_newest_year(table: str, alias: str) -> str:
    return f"""LEFT JOIN LATERAL (
  SELECT x.* FROM public.{table} x WHERE x.symbol = s.symbol AND x.period = 'FY'
  ORDER BY x.fiscal_year DESC, x.date DESC, x.version DESC LIMIT 1
) {alias} ON true"""  # noqa: S608 - names of this module


PROFILE_TEXTS = {
    **{name: name for name in ("isin", "cusip", "cik", "ceo", "address", "city", "state", "phone", "image")},
    "postal_code": "zip",
}
_SHOWN_TEXTS = ("cusip", "cik", "address", "city", "state", "postal_code", "phone", "image")
JOIN_PROFILE = f"""LEFT JOIN LATERAL (
  SELECT x.*, public.fundata_parse_number(x.raw_json ->> 'beta') AS beta,
    public.fundata_parse_number(x.raw_json ->> 'lastDividend') AS last_dividend,
    public.fundata_parse_number(x.raw_json ->> 'averageVolume') AS average_volume,
    {", ".join(f"nullif(x.raw_json ->> '{name}', '') AS {column}" for column, name in PROFILE_TEXTS.items())},
    {read_day("x.raw_json ->> 'ipoDate'")} AS ipo_date
  FROM public.equity_profile x WHERE x.symbol = s.symbol
  ORDER BY x.exchange IS DISTINCT FROM m.exchange, x.updated_at DESC, x.exchange LIMIT 1
) p ON true"""  # noqa: S608 - fragments of this package
JOIN_QUOTE = f"""LEFT JOIN LATERAL (
  SELECT x.*, (x.quoted_at AT TIME ZONE '{MARKET_ZONE}')::date AS day FROM public.fmp_quote x
  WHERE x.symbol = s.symbol AND x.price IS NOT NULL ORDER BY x.quoted_at DESC LIMIT 1
) q ON true"""  # noqa: S608
JOIN_CLOSE = f"LEFT JOIN LATERAL ({select_close('s.symbol', 'true')}) e ON true"
# the quote tells more than the close of its own day; a close of a later day is newer
JOIN_PRICE = """CROSS JOIN LATERAL (
  SELECT coalesce(e.day > q.day, q.day IS NULL) AS is_close
) w
CROSS JOIN LATERAL (
  SELECT CASE WHEN w.is_close THEN e.price ELSE q.price END AS price, CASE WHEN w.is_close THEN e.day ELSE q.day END AS day,
    CASE WHEN NOT w.is_close THEN q.change END AS change,
    CASE WHEN NOT w.is_close THEN q.change_percentage END AS change_percentage
) l"""
# shares of the price's day: of a split since the newest close, on the day of a quote, price_adjustment knows nothing yet
JOIN_DIVIDENDS = f"""LEFT JOIN LATERAL (
  SELECT CASE WHEN min(d.date) <= l.day - interval '12 months'
      THEN trim_scale(round(coalesce(sum(d.dividend / {count_shares("d.date")})
        FILTER (WHERE d.date > l.day - interval '12 months'), 0), {PER_SHARE_DIGITS}))
    END AS total, max(d.updated_at) AS as_of
  FROM ({select_events("fmp_dividend", "s.symbol", f"{IS_DIVIDEND} AND x.date <= l.day")}) d
) d ON true"""  # noqa: S608 - fragments of this package
JOIN_RETURNS = f"""LEFT JOIN LATERAL ({select_basis("e.day", HORIZONS[-1])}) b ON true
{chr(10).join(join_adjusted_start(horizon, "e.day") for horizon in HORIZONS)}"""
_JOIN_PEERS = """LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.peer_symbol ORDER BY x.place, x.peer_symbol) AS symbols, max(x.updated_at) AS as_of
  FROM public.fmp_peer x WHERE x.symbol = s.symbol AND x.valid_to IS NULL
) r ON true"""
_JOIN_EARNINGS = """LEFT JOIN LATERAL (
  SELECT x.date, x.eps_estimated, x.updated_at FROM public.fmp_earning x
  WHERE x.symbol = s.symbol AND x.date > l.day AND x.eps_actual IS NULL ORDER BY x.date LIMIT 1
) n ON true"""
_AS_OF = (
    *("m.as_of", "p.updated_at", "q.updated_at", "b.as_of", "d.as_of", "t.stored_at", "y.stored_at", "g.updated_at"),
    *("ig.updated_at", "cg.updated_at", "k.updated_at", "o.updated_at", "z.updated_at", "r.as_of", "n.updated_at"),
    *list_stored(HORIZONS),
)

_QUERY = f"""
SELECT s.symbol, m.name, m.exchange, m.type, m.currency, m.is_active, m.sector, m.industry, m.country, p.isin, p.ceo,
  p.website, p.description, p.employees, p.ipo_date, l.price, l.day AS price_date, q.quoted_at, l.change,
  l.change_percentage, q.volume, q.open, q.day_low, q.day_high, q.previous_close, q.year_low, q.year_high, q.price_avg50,
  q.price_avg200, c.market_cap, p.beta, v.dividend AS dividend_ttm, {divide("v.dividend", "l.price")} AS dividend_yield,
  b.basis AS performance_basis, e.day AS performance_date,
  {list_returns(HORIZONS, "b.basis")},
  v.basis AS valuation_basis, CASE v.basis WHEN 'computed' THEN v.enterprise_value END AS enterprise_value,
  {_value("pe_ratio", _divide_by_gain("l.price", "f.eps_diluted"), "o.price_to_earnings_ratio")},
  {_value("price_to_book_ratio", _divide_by_gain("c.market_cap", "f.total_stockholders_equity"), "o.price_to_book_ratio")},
  {_value("price_to_sales_ratio", _divide_by_gain("c.market_cap", "f.revenue"), "o.price_to_sales_ratio")},
  {_value("ev_to_ebitda", _divide_by_gain("v.enterprise_value", "f.ebitda"), "k.ev_to_ebitda")},
  CASE v.basis WHEN 'computed' THEN {divide("f.free_cash_flow", "c.market_cap")}
    WHEN 'vendor' THEN round(k.free_cash_flow_yield, {PUBLISHED_DIGITS}) END AS free_cash_flow_yield,
  f.reported_currency, f.basis AS fundamentals_basis, f.date AS fundamentals_date,
  {", ".join(f"{_SHOWN.get(name, f'f.{name}')} AS {name}_ttm" for name in _SUMMED)},
  {", ".join(f"f.{name}" for name in _BALANCE)},
  {_divide_by_gain("f.gross_profit", "f.revenue")} AS gross_margin,
  {_divide_by_gain("f.operating_income", "f.revenue")} AS operating_margin,
  {_divide_by_gain("f.ebitda", "f.revenue")} AS ebitda_margin, {_divide_by_gain("f.net_income", "f.revenue")} AS net_margin,
  {_divide_by_gain("f.free_cash_flow", "f.revenue")} AS free_cash_flow_margin,
  {_divide_by_gain("f.net_income", "f.total_stockholders_equity")} AS return_on_equity,
  {_divide_by_gain("f.net_income", "f.total_assets")} AS return_on_assets,
  {_divide_by_gain("f.total_debt", "f.total_stockholders_equity")} AS debt_to_equity_ratio,
  {_divide_by_gain("f.total_assets", "f.total_stockholders_equity")} AS financial_leverage_ratio,
  {_divide_by_gain("f.net_debt", "f.ebitda")} AS net_debt_to_ebitda,
  {_divide_by_gain("f.total_current_assets", "f.total_current_liabilities")} AS current_ratio,
  {_divide_by_gain("f.ebit", "f.interest_expense")} AS interest_coverage_ratio,
  t.revenue_growth AS quarterly_revenue_growth, t.earnings_growth AS quarterly_earnings_growth, t.items AS quarters,
  coalesce(g.fiscal_year, ig.fiscal_year) AS growth_fiscal_year, coalesce(g.revenue_growth, ig.growth_revenue) AS revenue_growth,
  coalesce(g.net_income_growth, ig.growth_net_income) AS net_income_growth,
  coalesce(g.eps_diluted_growth, ig.growth_eps_diluted) AS eps_growth,
  coalesce(g.free_cash_flow_growth, cg.growth_free_cash_flow) AS free_cash_flow_growth,
  z.altman_z_score, z.piotroski_score, n.date AS next_earnings_date, n.eps_estimated AS next_eps_estimated,
  coalesce(r.symbols, '[]') AS peer_symbols, p.average_volume, {", ".join(f"p.{name}" for name in _SHOWN_TEXTS)},
  greatest({", ".join(_AS_OF)}) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND m.type = 'equity'
{JOIN_PROFILE}
{JOIN_QUOTE}
{JOIN_CLOSE}
{JOIN_PRICE}
{JOIN_DIVIDENDS}
{JOIN_RETURNS}
{JOIN_FUNDAMENTALS}
{_join_newest_year("fmp_financial_growth", "g")}
{_join_newest_year("fmp_income_growth", "ig")}
{_join_newest_year("fmp_cash_flow_growth", "cg")}
{_join_newest_year("fmp_ratio", "o")}
{_join_newest_year("fmp_key_metric", "k")}
LEFT JOIN public.fmp_score z ON z.symbol = s.symbol
{_JOIN_PEERS}
{_JOIN_EARNINGS}
CROSS JOIN LATERAL (SELECT nullif(coalesce(nullif(q.market_cap, 0), p.market_cap), 0) AS market_cap) c
CROSS JOIN LATERAL (
  SELECT CASE WHEN m.currency = f.reported_currency THEN 'computed' WHEN coalesce(o.symbol, k.symbol) IS NOT NULL THEN 'vendor'
    END AS basis, c.market_cap + f.net_debt AS enterprise_value, coalesce(d.total, p.last_dividend) AS dividend
) v
"""  # noqa: S608 - fragments of this package

_SOURCES = {
    "fmp_quote": "quote",
    "fmp_eod_price": "eod_prices",
    "equity_profile": "profile",
    "fmp_income_statement": "income_statement",
    "fmp_balance_sheet": "balance_sheet",
    "fmp_cash_flow": "cash_flow",
    "fmp_financial_growth": "financial_growth",
    "fmp_income_growth": "income_growth",
    "fmp_cash_flow_growth": "cash_flow_growth",
    "fmp_ratio": "ratios",
    "fmp_key_metric": "key_metrics",
    "fmp_score": "scores",
    "fmp_earning": "earnings",
    "fmp_peer": "peers",
}

METRICS = ViewSpec(
    name="equity_metrics",
    key=("symbol",),
    query=_QUERY,
    sources=(
        *(Source(table, "fmp", (dataset,)) for table, dataset in _SOURCES.items()),
        Source("fmp_split", "fmp", ("splits",)),
        Source("fmp_dividend", "fmp", ("dividends",)),
        Source("fmp_symbol_alias", "fmp", ("symbol_changes",)),
        Source("fmp_symbol_period", "fmp", ("symbol_changes", "delisted", "universe")),
        Source("fmp_universe", "fmp", ("universe",)),
    ),
    uses=("security_master", "price_adjustment"),
    keyed=Keyed(
        scope=("symbol",),
        all_scopes="SELECT identifier AS symbol FROM sra.security_master WHERE source = 'fmp' AND type = 'equity'",
        changed_scopes=(
            *select_all_changed(tuple(name for name in _SOURCES if name != "fmp_eod_price")),
            follow_names(select_changed("fmp_eod_price")),
            select_closed("fmp_peer"),
            *CHANGED_ADJUSTMENTS,
            CHANGED_LISTED_SYMBOLS[0],
        ),
        indexes=("(exchange)", "(sector, industry)", "(market_cap DESC NULLS LAST)"),
    ),
)
