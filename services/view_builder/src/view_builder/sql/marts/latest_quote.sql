-- The newest price of every security: a fund's newest net asset value, or a listing's current price.
-- Grain: one row per security with a price. Key: source, identifier. Sources: fundata_quotes, fmp_quote, fmp_eod_price.
-- Units: currency of the row; fraction; volume in shares.
-- Without origins: source.
-- name: rows
SELECT s.source, s.identifier, m.type, m.name, NULL::numeric AS price, q.navps, m.currency, q.price_date,
  NULL::timestamptz AS quoted_at, q.change, q.price_return_1d, NULL::numeric AS volume, greatest(q.known_at, m.as_of) AS as_of,
  'fundata:' || s.identifier AS security_id
FROM affected_keys s
CROSS JOIN LATERAL (
  SELECT h.navps, h.date AS price_date, h.change, h.price_return_1d, h.known_at
  FROM published.fund_quote_history h
  WHERE s.source = 'fundata' AND h.identifier = s.identifier
  ORDER BY h.date DESC LIMIT 1
) q
LEFT JOIN sra.security_master m ON m.source = s.source AND m.identifier = s.identifier
UNION ALL
SELECT s.source, s.identifier, m.type, coalesce(m.name, p.quoted_name), p.price, NULL, m.currency, p.day, p.quoted_at,
  core.unbroken(p.change, 1, p.day, k.day), core.unbroken(p.price_return_1d, 1, p.day, k.day), p.volume,
  greatest(p.quote_stored_at, p.close_stored_at, m.as_of), m.security_id
FROM affected_keys s
LEFT JOIN sra.security_master m ON m.source = s.source AND m.identifier = s.identifier
CROSS JOIN LATERAL core.price_now(s.identifier, m.identifier, NULL) p
CROSS JOIN LATERAL core.series_since(s.identifier, m.currency_since) k
WHERE s.source = 'fmp' AND p.price IS NOT NULL;
-- name: keys
SELECT DISTINCT 'fundata' AS source, h.identifier FROM published.fund_quote_history h
UNION ALL
SELECT 'fmp', m.identifier FROM sra.security_master m WHERE m.source = 'fmp'
UNION
SELECT 'fmp', q.symbol FROM core.symbols_with_quotes() q;
-- name: affected
SELECT DISTINCT 'fundata' AS source, v.identifier, v.run_id FROM core.fund_values_of_runs($1::uuid[]) v
UNION ALL
SELECT 'fmp', q.symbol, q.run_id FROM core.quotes_of_runs($1::uuid[]) q
UNION ALL
SELECT 'fmp', c.symbol, c.run_id FROM core.closes_of_runs($1::uuid[]) c
UNION ALL
SELECT 'fmp', n.symbol, n.run_id FROM core.names_of_runs($1::uuid[]) n
UNION ALL
SELECT 'fundata', d.identifier, d.run_id FROM core.fund_records_of_runs($1::uuid[], ARRAY['FundGeneral']) d
UNION ALL
SELECT 'fmp', l.symbol, l.run_id FROM core.listings_of_runs($1::uuid[]) l
UNION ALL
SELECT 'fmp', p.symbol, p.run_id FROM core.profiles_of_runs($1::uuid[]) p;
-- name: example
SELECT q.source, count(*) AS securities, max(q.price_date) AS newest_price FROM sra.latest_quote q
GROUP BY q.source ORDER BY q.source;
