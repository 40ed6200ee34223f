-- The periods of listing on the five exchanges, from our lists of the universe since the first collection, and before that from
-- the vendor's delistings.
-- Grain: one row per listing and state of its entry. Key: symbol, exchange, entry. Sources: fmp_universe, fmp_delisted,
-- fmp_symbol_period, security. Units: dates.
-- Without origins: evidence.
-- name: rows
SELECT l.symbol, l.exchange,
  row_number() OVER (PARTITION BY l.symbol, l.exchange ORDER BY l.listed_from NULLS FIRST, l.row_id) AS entry, s.security_id,
  l.company_name AS name, l.sector, l.industry, l.country, l.is_etf, l.is_fund, l.is_actively_trading, l.evidence,
  l.listed_from, l.listed_until, l.known_at, l.updated_at AS as_of, l.run_id AS last_run_id
FROM core.listing_spans l
LEFT JOIN core.security_symbols s ON s.name = l.symbol AND s.since < coalesce(l.listed_until, 'infinity')
  AND s.until >= coalesce(l.listed_until, 'infinity');
-- name: example
SELECT u.symbol, u.name, u.evidence FROM sra.universe_history u
WHERE u.exchange = 'NYSE' AND (u.listed_from IS NULL OR u.listed_from <= current_date)
  AND (u.listed_until IS NULL OR u.listed_until > current_date)
ORDER BY u.symbol LIMIT 100;
