"""Risk of an ETF from its own prices, month by month: deviation, Sharpe ratio, drawdown, beta and capture.

The months are the full calendar months before the newest close; a month's performance is from the last close of the month
before to its own last close, each at most 7 days before the month's end. Over 12, 36 or 60 months:

- standard deviation: the sample deviation of the performances x sqrt(12);
- Sharpe ratio: mean / sample deviation of the performances less the risk-free rate, x sqrt(12) (Sharpe, The Sharpe Ratio,
  1994), the rate being the 3-month Treasury yield of the month's beginning / 12, in US dollars only;
- drawdown: the deepest fall of a month's end below the highest one before it;
- beta: covariance / variance of the changes of the price and of the index, both without dividends: S&P 500 for listings in
  US dollars, S&P/TSX Composite for those in Canadian ones;
- capture: the geometric mean change of the price / that of the index, over the months in which the index rose, or fell.

A figure is NULL where a month lacks something that it needs. Alpha is left out: it would set a price against an index with
dividends, which the vendor does not give.
"""

from __future__ import annotations

from sra_shared.views.closes import select_close
from sra_shared.views.fragments import PERFORMANCE_DIGITS, PUBLISHED_DIGITS, STALE_AFTER_DAYS, growth, quotient
from sra_shared.views.performance import select_adjustment, starts_at

RISK_YEARS = (1, 3, 5)
BENCHMARKS = (("USD", "^GSPC"), ("CAD", "^GSPTSE"))
_BENCHMARK = " ".join(f"WHEN '{currency}' THEN '{symbol}'" for currency, symbol in BENCHMARKS)
_SYMBOLS = ", ".join(f"'{symbol}'" for _, symbol in BENCHMARKS)
# an ETF whose newest close is years old has its months too
_MARKET_MONTHS = 12 * 10
_MONTH_END = "(date_trunc('month', e.day::timestamp) - n.months * interval '1 month')::date - 1"

MARKET = f"""SELECT d.day, y.symbol, l.level, r.rate, greatest(l.stored_at, r.stored_at) AS stored_at
FROM (
  SELECT (date_trunc('month', newest.day::timestamp) - n.months * interval '1 month')::date - 1 AS day
  FROM (SELECT max(p.date) AS day FROM public.fmp_index_price p WHERE p.symbol IN ({_SYMBOLS})) newest
  CROSS JOIN generate_series(-1, {_MARKET_MONTHS}) n (months)
) d
CROSS JOIN (SELECT unnest(ARRAY[{_SYMBOLS}]) AS symbol) y
LEFT JOIN LATERAL (
  SELECT p.close AS level, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = y.symbol AND p.close > 0 AND {starts_at("d.day")} ORDER BY p.date DESC LIMIT 1
) l ON true
LEFT JOIN LATERAL (
  SELECT p.month3 AS rate, p.updated_at AS stored_at FROM public.fmp_treasury_rate p
  WHERE y.symbol = '{dict(BENCHMARKS)["USD"]}' AND p.month3 IS NOT NULL AND {starts_at("d.day")} ORDER BY p.date DESC LIMIT 1
) r ON true"""  # noqa: S608 - fragments of this package


def _within(years: int, name: str, value: str) -> str:
    """A figure of the months of so many years, NULL where one of them lacks the value that it is made of."""
    whole = f"count(r.{name}) FILTER (WHERE r.months < {12 * years}) = {12 * years}"
    return f"CASE WHEN {whole} THEN round({value}, {PUBLISHED_DIGITS}) END"


def _deviation(years: int) -> str:
    inside = f"FILTER (WHERE r.months < {12 * years})"
    value = f"stddev_samp(r.growth) {inside} * sqrt(12::numeric)"
    return f"{_within(years, 'growth', value)} AS deviation_{years}y"


def _sharpe(years: int) -> str:
    inside = f"FILTER (WHERE r.months < {12 * years})"
    value = f"{quotient(f'avg(r.excess) {inside}', f'(stddev_samp(r.excess) {inside})')} * sqrt(12::numeric)"
    return f"{_within(years, 'excess', value)} AS sharpe_{years}y"


def _drawdown(years: int) -> str:
    inside = f"FILTER (WHERE r.months <= {12 * years})"
    return (
        f"CASE WHEN count(r.value) {inside} = {12 * years + 1}"
        f" THEN round(min({growth('r.value', f'r.peak_{years}y')}) {inside}, {PUBLISHED_DIGITS}) END AS drawdown_{years}y"
    )


def _beta(years: int) -> str:
    """Both sums of products are n times the covariance and the variance, so that n cancels out."""
    inside = f"FILTER (WHERE r.months < {12 * years})"
    market = f"sum(r.market) {inside}"
    covariance = f"(sum(r.change * r.market) {inside} - sum(r.change) {inside} * {market} / {12 * years})"
    variance = f"(sum(r.market * r.market) {inside} - {market} * {market} / {12 * years})"
    return f"{_within(years, 'change_and_market', quotient(covariance, variance))} AS beta_{years}y"


def _capture(years: int, name: str, sign: str) -> str:
    inside = f"FILTER (WHERE r.months < {12 * years} AND r.market {sign} 0)"

    def mean(of: str) -> str:
        # rounded, so that the digits of sixty factors do not add up
        product = f"round(published.product(round(1 + r.{of}, {PERFORMANCE_DIGITS})) {inside}, {PERFORMANCE_DIGITS})"
        return f"(power({product}, {quotient('1', f'(count(*) {inside})')}) - 1)"

    return f"{_within(years, 'change_and_market', quotient(mean('change'), mean('market')))} AS {name}_{years}y"


def _peak(years: int) -> str:
    return f"max(v.value) FILTER (WHERE v.months <= {12 * years}) OVER (ORDER BY v.months DESC) AS peak_{years}y"


_FIGURES = ",\n    ".join(
    figure
    for years in RISK_YEARS
    for figure in (
        *(_deviation(years), _sharpe(years), _drawdown(years), _beta(years)),
        *(_capture(years, "up_capture", ">"), _capture(years, "down_capture", "<")),
    )
)
JOIN_RISK = f"""LEFT JOIN LATERAL (
  SELECT {_FIGURES},
    max(r.stored_at) AS stored_at
  FROM (
    SELECT g.*, g.growth - g.rate / 1200 AS excess, g.change + g.market AS change_and_market
    FROM (
      SELECT v.months, v.value, v.stored_at, {growth("v.value", "lag(v.value) OVER before")} AS growth,
        {growth("v.price", "lag(v.price) OVER before")} AS change, {growth("v.level", "lag(v.level) OVER before")} AS market,
        lag(v.rate) OVER before AS rate, {", ".join(_peak(years) for years in RISK_YEARS)}
      FROM (
        SELECT n.months, x.price / coalesce(a.split_factor, 1) AS price, o.level, o.rate,
          CASE WHEN b.basis = 'total_return' AND a.is_adjusted THEN x.price / a.total_return_factor
            ELSE x.price / coalesce(a.split_factor, 1) END AS value, greatest(x.stored_at, o.stored_at) AS stored_at
        FROM generate_series(0, {12 * RISK_YEARS[-1]}) n (months)
        LEFT JOIN LATERAL ({select_close("s.symbol", starts_at(f"({_MONTH_END})"))}) x ON true
        LEFT JOIN LATERAL ({select_adjustment("s.symbol", "x.day")}) a ON true
        LEFT JOIN market o ON o.day = {_MONTH_END} AND o.symbol = CASE m.currency {_BENCHMARK} END
      ) v WINDOW before AS (ORDER BY v.months DESC)
    ) g
  ) r
) k ON true"""  # noqa: S608

# what counts is of the last days of a month; every ETF is set against it
_COUNTS = f"p.date >= (date_trunc('month', p.date::timestamp) + interval '1 month')::date - 1 - {STALE_AFTER_DAYS}"
CHANGED_MARKET = f"""
SELECT e.identifier AS symbol, c.run_id FROM (
  SELECT p.run_id FROM public.fmp_index_price p
  WHERE p.run_id = ANY($1::uuid[]) AND p.symbol IN ({_SYMBOLS}) AND {_COUNTS}
  UNION SELECT p.run_id FROM public.fmp_treasury_rate p WHERE p.run_id = ANY($1::uuid[]) AND {_COUNTS}
) c CROSS JOIN sra.security_master e WHERE e.source = 'fmp' AND e.type = 'etf'
"""  # noqa: S608
