-- Daily prices of every listing: as delivered, adjusted for splits, and with dividends reinvested. The close of a day is that
-- under the present symbol, or else that under the symbol of the day. The view stores what no event changes. Factors are joined
-- at read time, because an event changes those of a whole history; both are published together.
-- Grain: one row per listing and session. Key: symbol, date. Sources: fmp_eod_price, fmp_symbol_alias, fmp_symbol_period,
-- sra.price_adjustment. Units: currency of the row; shares; factors. Adjusted figures to twelve decimals.
-- chosen_*_as_of: the same selection for a past state, with the arguments of equity_quote_history_as_of.
-- name: rows
SELECT s.symbol, q.date, c.currency, q.open, q.high, q.low, q.close, q.volume, q.updated_at AS as_of,
  q.run_id AS last_run_id, q.symbol AS delivered_symbol, m.security_id
FROM affected_keys s
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol
-- LATERAL forces a look-up by symbol, in the partitions from the first day on: the cost of a day must not depend on the
-- length of the history, whatever the planner estimates
CROSS JOIN LATERAL core.listing_prices(s.symbol, s.since, 'materialized_as') q
CROSS JOIN LATERAL core.currency_on(s.symbol, q.date, m.currency, m.currency_since) c;
-- name: keys
SELECT p.symbol FROM core.symbols_with_prices() p;
-- name: affected
SELECT c.symbol, c.first_day AS since, c.run_id FROM core.closes_of_runs($1::uuid[]) c
UNION ALL
SELECT n.symbol, '-infinity'::date, n.run_id FROM core.names_of_runs($1::uuid[]) n
UNION ALL
-- a series whose currency or id differs from that of its security is recomputed from its first day
SELECT c.symbol, '-infinity'::date, c.run_id
FROM (
  SELECT l.symbol, l.run_id FROM core.listings_of_runs($1::uuid[]) l
  UNION ALL
  SELECT p.symbol, p.run_id FROM core.profiles_of_runs($1::uuid[]) p
) c
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = c.symbol
CROSS JOIN LATERAL (
  SELECT k.currency, k.date, k.security_id FROM materialized_rows k WHERE k.symbol = c.symbol ORDER BY k.date DESC LIMIT 1
) k
CROSS JOIN LATERAL core.currency_on(c.symbol, k.date, m.currency, m.currency_since) n
WHERE (k.currency, k.security_id) IS DISTINCT FROM (n.currency, m.security_id)
UNION ALL
SELECT c.symbol, '-infinity'::date, c.run_id FROM core.currencies_of_runs($1::uuid[]) c;
-- name: next_keys
-- step from one symbol to the next by the index, instead of reading all closes of each
WITH RECURSIVE walk AS (
  SELECT n.symbol FROM core.next_symbol($1::text) n
  UNION ALL
  SELECT (SELECT n.symbol FROM core.next_symbol(w.symbol) n) FROM walk w WHERE w.symbol IS NOT NULL
)
SELECT w.symbol FROM walk w WHERE w.symbol IS NOT NULL LIMIT $2::int;
-- name: read
SELECT b.symbol, b.date, b.currency, b.open, b.high, b.low, b.close, b.volume,
  core.adjusted_amount(b.open, a.is_adjusted, a.split_factor) AS split_adjusted_open,
  core.adjusted_amount(b.high, a.is_adjusted, a.split_factor) AS split_adjusted_high,
  core.adjusted_amount(b.low, a.is_adjusted, a.split_factor) AS split_adjusted_low,
  core.adjusted_amount(b.close, a.is_adjusted, a.split_factor) AS split_adjusted_close,
  trim_scale(round(CASE WHEN a.is_adjusted THEN b.volume * a.share_factor ELSE b.volume END, 12))
    AS split_adjusted_volume,
  core.adjusted_amount(b.close, a.is_adjusted, a.total_return_factor) AS total_return_close,
  CASE WHEN a.is_adjusted THEN trim_scale(a.split_factor) ELSE 1 END AS split_factor,
  CASE WHEN a.is_adjusted THEN trim_scale(a.total_return_factor) ELSE 1 END AS total_return_factor,
  greatest(b.as_of, a.as_of) AS as_of,
  CASE WHEN a.as_of > b.as_of THEN a.last_run_id ELSE b.last_run_id END AS last_run_id, b.delivered_symbol,
  CASE WHEN a.is_adjusted THEN trim_scale(a.share_factor) ELSE 1 END AS share_factor, b.security_id
FROM chosen_prices b
LEFT JOIN LATERAL (SELECT f.* FROM chosen_factors f) a ON true;
-- name: chosen_prices
SELECT r.* FROM materialized_rows r;
-- name: chosen_prices_as_of
SELECT DISTINCT ON (s.symbol, p.date) s.symbol, p.date, c.currency, p.open, p.high, p.low, p.close, p.volume,
  p.stored_at AS as_of, NULL::uuid AS last_run_id, p.symbol AS delivered_symbol, m.security_id
FROM unnest(symbols) s (symbol)
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol
CROSS JOIN LATERAL core.known_prices(s.symbol, '-infinity', 'infinity', least(at, now())) p
CROSS JOIN LATERAL core.currency_on(s.symbol, p.date, m.currency, m.currency_since) c
ORDER BY s.symbol, p.date, p.until DESC NULLS FIRST;
-- name: chosen_factors
SELECT g.* FROM core.adjustment_factors(b.symbol, b.date) g;
-- name: chosen_factors_as_of
-- each event with the days since the previous event; a day has the factors of the first event after it
SELECT true AS is_adjusted, e.split_factor, e.total_return_factor, e.share_factor, NULL::timestamptz AS as_of,
  NULL::uuid AS last_run_id
FROM (
  SELECT x.*, lag(x.ex_date, 1, '-infinity') OVER (PARTITION BY x.symbol ORDER BY x.ex_date) AS since
  FROM sra.price_adjustment_as_of(at, symbols) x
) e
WHERE e.symbol = b.symbol AND e.ex_date > b.date AND e.since <= b.date;
-- name: example
SELECT h.date, h.close, h.split_adjusted_close, h.total_return_close FROM sra.equity_quote_history h
WHERE h.symbol = 'AAPL' ORDER BY h.date DESC LIMIT 250;
