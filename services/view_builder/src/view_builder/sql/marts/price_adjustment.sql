-- Splits and dividends of every listing, with the divisors for prices before them. An event counts from the first close on or
-- after its date. A dividend is reinvested at that close if it is at most 7 days later. A price factor divides prices and leaves
-- the number of shares. Dividends in a doubtful currency cannot be reinvested.
-- Grain: one row per listing and day with an event. Key: symbol, ex_date. Sources: fmp_split, fmp_dividend, fmp_eod_price,
-- fmp_symbol_alias, fmp_symbol_period. Units: currency of the row; factors with 40 digits.
-- chosen_*_as_of: the same selection for a past state, with the arguments of price_adjustment_as_of.
-- name: rows
-- evaluated once for each listing, not for each of its events, whatever number of events the planner estimates
WITH listed AS MATERIALIZED (
  SELECT x.* FROM chosen_listing x
)
SELECT e.symbol, e.date AS ex_date, e.numerator AS split_numerator, e.denominator AS split_denominator, e.dividend, c.currency,
  e.reinvestment_date, e.reinvestment_price, core.rounded_factor(published.product(e.split_ratio) OVER later) AS split_factor,
  CASE
    WHEN NOT bool_or(e.total_ratio IS NULL) OVER later THEN core.rounded_factor(published.product(e.total_ratio) OVER later)
  END AS total_return_factor,
  left(max(e.stamp) OVER later, 26)::timestamp AT TIME ZONE 'UTC' AS as_of,
  right(max(e.stamp) OVER later, 36)::uuid AS last_run_id, e.kind,
  core.rounded_factor(published.product(e.share_ratio) OVER later) AS share_factor, e.currency_basis,
  m.security_id
FROM (
  SELECT s.symbol, v.date, v.kind, v.numerator, v.denominator, v.dividend, v.split_ratio, v.share_ratio,
    s.currency_basis, r.day AS reinvestment_date, r.price AS reinvestment_price,
    greatest(v.stamp, core.stamp(c.stored_at, c.run_id), s.currency_stamp, CASE
      WHEN s.days IS NOT NULL
        THEN (SELECT max(x.stamp) FROM unnest(s.days, s.stamps) x (day, stamp) WHERE x.day >= v.date)
    END) AS stamp,
    CASE
      WHEN v.dividend IS NULL OR r.price IS NULL AND v.date <= s.first THEN v.split_ratio
      WHEN r.price IS NULL OR s.currency_basis = 'doubtful' THEN NULL
      WHEN v.date < max(v.date) OVER one_close THEN v.split_ratio
      ELSE v.split_ratio * (1 + sum(core.quotient(v.dividend, r.price * r.splits)) OVER one_close)
    END AS total_ratio
  FROM listed s
  CROSS JOIN LATERAL (SELECT d.* FROM chosen_days d) v
  -- the close from which the event counts; the limit of a year lets the query read two partitions instead of all later ones
  LEFT JOIN LATERAL (SELECT y.* FROM chosen_close y) c ON true
  LEFT JOIN LATERAL (
    SELECT c.day, c.price, (SELECT x.ratio FROM chosen_ratio x) AS splits
    WHERE v.dividend IS NOT NULL AND c.day <= v.date + 7
  ) r ON true
  WHERE v.date <= s.newest
  -- dividends between two closes are reinvested at the same close, none of them in the other
  WINDOW one_close AS (PARTITION BY s.symbol, r.day)
) e
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = e.symbol
CROSS JOIN LATERAL core.currency_on(e.symbol, e.date, m.currency, m.currency_since) c
WINDOW later AS (PARTITION BY e.symbol ORDER BY e.date DESC);
-- name: chosen_listing
SELECT s.symbol, n.day AS newest, f.day AS first, g.days, g.stamps, u.basis AS currency_basis, u.stamp AS currency_stamp
FROM affected_keys s
CROSS JOIN LATERAL core.newest_close(s.symbol, 'price_adjustment') n
CROSS JOIN LATERAL core.first_close(s.symbol, '-infinity', 'infinity') f
CROSS JOIN LATERAL core.currency_basis(s.symbol) u
-- an event that ended changed the factors of all days before it
CROSS JOIN LATERAL (
  SELECT array_agg(x.date) AS days, array_agg(core.stamp(x.valid_to, x.ended_run_id)) AS stamps
  FROM core.ended_events(s.symbol) x
) g;
-- name: chosen_listing_as_of
SELECT s.symbol, n.newest, n.first, NULL::date[] AS days, NULL::text[] AS stamps, u.basis AS currency_basis,
  NULL::text AS currency_stamp
FROM (SELECT DISTINCT g.symbol FROM unnest(symbols) g (symbol)) s
CROSS JOIN LATERAL (
  SELECT max(p.date) AS newest, min(p.date) AS first
  FROM core.known_prices(s.symbol, '-infinity', 'infinity', least(at, now())) p
  WHERE p.close > 0
) n
CROSS JOIN LATERAL core.currency_basis(s.symbol) u;
-- name: chosen_days
SELECT w.* FROM core.event_days(s.symbol) w;
-- name: chosen_days_as_of
SELECT w.* FROM core.event_days(s.symbol, least(at, now())) w;
-- name: chosen_close
SELECT w.price, w.day, w.stored_at, w.run_id FROM core.first_close(s.symbol, v.date, v.date + 366) w;
-- name: chosen_close_as_of
SELECT w.close AS price, w.date AS day, w.stored_at, NULL::uuid AS run_id
FROM core.known_prices(s.symbol, v.date, v.date + 366, least(at, now())) w
WHERE w.close > 0
ORDER BY w.date, w.until DESC NULLS FIRST LIMIT 1;
-- name: chosen_ratio
SELECT w.ratio FROM core.split_ratio(s.symbol, v.date, c.day) w;
-- name: chosen_ratio_as_of
SELECT w.ratio FROM core.split_ratio(s.symbol, v.date, c.day, least(at, now())) w;
-- name: keys
SELECT e.symbol FROM core.symbols_with_events() e;
-- name: affected
SELECT a.symbol, a.run_id FROM core.adjustments_of_runs($1::uuid[]) a
UNION ALL
SELECT m.symbol, m.run_id FROM core.masters_of_runs($1::uuid[]) m
UNION ALL
SELECT f.symbol, f.run_id FROM core.foreign_listings_of_runs($1::uuid[]) f
UNION ALL
-- a changed listing may have had the same issuer before the runs
SELECT k.symbol, r.run_id
FROM (SELECT DISTINCT m.run_id FROM core.masters_of_runs($1::uuid[]) m) r
JOIN materialized_rows k ON k.currency_basis = 'doubtful';
-- name: example
SELECT a.ex_date, a.kind, a.dividend, a.split_factor, a.total_return_factor FROM sra.price_adjustment a
WHERE a.symbol = 'AAPL' ORDER BY a.ex_date DESC;
