-- What a listing pays per share: the sum of twelve months, and yields of the regular payments, in shares of the price's day.
-- dividend_ttm: all payments of the twelve months up to that day if the known payments reach back that far, else the vendor's
-- yearly dividend. dividend_yield: the newest n payments / the price, where n is the number of payments a year at the newest
-- frequency; payments of one ex-date are one. It is NULL if not all n have that frequency, if fewer are known, or if the newest
-- is more than one and a half periods old. If no payment is known, not even an announced one, the vendor's yearly dividend
-- counts. dividend_yield_forward: n x the newest payment / the price. If the currency is doubtful, no yield is given. The factors
-- do not include a split that is newer than the newest close, even if the quote does.
-- Grain: one row. Key: none. Sources: core.dividends, core.share_count. Units: currency of the listing; fraction.
CREATE OR REPLACE FUNCTION core.dividend_yields(
  of_symbol text, close_day date, price_day date, of_price numeric, vendor_dividend numeric, of_currency text
)
RETURNS TABLE (dividend_ttm numeric, dividend_yield numeric, dividend_yield_forward numeric, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(
    CASE WHEN f.first_date <= price_day - interval '12 months' THEN trim_scale(round(coalesce(f.of_year, 0), 10)) END,
    vendor_dividend
  ),
  core.ratio(CASE
    WHEN of_currency = 'doubtful' THEN NULL
    WHEN f.payments = 0 THEN vendor_dividend
    WHEN f.is_recent AND f.is_uniform AND f.regular_days = f.a_year THEN f.regular
  END, of_price),
  core.ratio(CASE
    WHEN of_currency <> 'doubtful' AND f.is_recent AND f.is_newest_uniform THEN f.newest * f.a_year
  END, of_price), f.as_of
FROM (
  SELECT count(*) AS payments, min(q.date) AS first_date, max(q.updated_at) AS as_of, max(q.a_year) AS a_year,
    max(q.date) FILTER (WHERE q.place = 1) >= price_day - interval '18 months' / max(q.a_year) AS is_recent,
    bool_and(q.is_of_year) FILTER (WHERE q.place <= q.a_year) AS is_uniform,
    bool_and(q.is_of_year) FILTER (WHERE q.place = 1) AS is_newest_uniform,
    count(DISTINCT q.date) FILTER (WHERE q.place <= q.a_year) AS regular_days,
    sum(q.amount) FILTER (WHERE q.place <= q.a_year) AS regular, sum(q.amount) FILTER (WHERE q.place = 1) AS newest,
    sum(q.amount) FILTER (WHERE q.date <= price_day AND q.date > price_day - interval '12 months') AS of_year
  FROM (
    SELECT p.date, p.updated_at, p.place, p.a_year, coalesce(p.own_a_year = p.a_year, false) AS is_of_year,
      CASE
        WHEN p.date > price_day - interval '12 months' OR p.place <= p.a_year THEN core.quotient(
          p.dividend, (SELECT c.shares FROM core.share_count(of_symbol, p.date, close_day, price_day) c)
        )
      END AS amount
    FROM (
      SELECT d.date, d.dividend, d.updated_at, y.own_a_year,
        CASE WHEN y.is_regular THEN dense_rank() OVER (PARTITION BY y.is_regular ORDER BY d.date DESC) END AS place,
        CASE
          WHEN y.is_regular THEN first_value(y.own_a_year) OVER (
            PARTITION BY y.is_regular ORDER BY d.date DESC, y.own_a_year NULLS FIRST
          )
        END AS a_year
      FROM core.dividends(of_symbol, 'infinity') d
      CROSS JOIN LATERAL (
        SELECT core.payments_a_year(d.frequency) AS own_a_year,
          d.date <= price_day AND NOT core.is_special(d.frequency) AS is_regular
      ) y
    ) p
  ) q
) f
$$;
