-- The exchange rate of every collected pair at the end of each day, as delivered. All pairs have the US dollar first; other rates
-- are quotients of two of them.
-- Grain: one row per pair and day. Key: pair, date. Sources: fmp_exchange_rate. Units: second currency for one of the first.
-- name: rows
SELECT r.pair, r.date, left(r.pair, 3) AS base_currency, substr(r.pair, 4) AS quote_currency, r.close AS exchange_rate,
  r.open AS exchange_rate_open, r.high AS exchange_rate_high, r.low AS exchange_rate_low, r.updated_at AS known_at,
  r.updated_at AS as_of, r.run_id AS last_run_id
FROM core.currency_rates r;
-- name: example
SELECT r.date, r.exchange_rate FROM sra.exchange_rates r WHERE r.pair = 'USDCAD' ORDER BY r.date DESC LIMIT 30;
