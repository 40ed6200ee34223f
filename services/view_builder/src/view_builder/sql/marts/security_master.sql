-- Every security of both vendors: funds by Fundata's InstrumentKey, listings by symbol.
-- Grain: one row per security. Key: source, identifier. Sources: fundata_data (FundGeneral, InstrumentIdentifier),
-- fmp_universe, equity_profile, fmp_etf_info, fmp_row_history, fmp_symbol_period, security. Units: none.
-- Without origins: source.
-- name: rows
SELECT s.source, s.identifier, f.name, f.name_en, f.name_fr, 'fund' AS type, NULL::text AS exchange, f.currency,
  f.family, f.company, NULL::text AS sector, NULL::text AS industry, NULL::text AS country, f.isin, f.inception_date,
  f.is_active, f.as_of, NULL::text AS cik, NULL::date AS currency_since,
  'fundata:' || s.identifier AS security_id, NULL::text AS issuer_id, core.fund_id(f.name, f.series_name, f.company) AS fund_id,
  NULL::date AS valid_from, NULL::date AS valid_to
FROM affected_keys s
CROSS JOIN LATERAL core.fund_master(s.identifier) f
WHERE s.source = 'fundata'
UNION ALL
SELECT s.source, s.identifier, m.name, m.name, NULL, m.type, m.exchange, m.currency, NULL, m.name, m.sector, m.industry,
  m.country, m.isin, m.inception_date, m.is_active, m.as_of, m.cik, m.currency_since, x.security_id,
  core.issuer_id(m.cik, m.name, m.country), NULL, greatest(p.since, p.taken_on), p.until
FROM affected_keys s
CROSS JOIN LATERAL core.listing_master(s.identifier) m
LEFT JOIN LATERAL core.newest_period(s.identifier) p ON true
LEFT JOIN LATERAL core.security_of(s.identifier) x ON true
WHERE s.source = 'fmp';
-- name: ids
SELECT l.security_id, 'fmp' AS source, l.symbol AS identifier, l.first_symbol, l.held_on
FROM core.listings_without_id(ARRAY(SELECT s.identifier FROM affected_keys s WHERE s.source = 'fmp')) l
UNION ALL
SELECT e.security_id, 'fmp', s.identifier, e.first_symbol, e.held_on
FROM affected_keys s
CROSS JOIN LATERAL core.ended_security(s.identifier) e
WHERE s.source = 'fmp'
UNION ALL
SELECT 'fundata:' || s.identifier, s.source, s.identifier, s.identifier, NULL
FROM affected_keys s
WHERE s.source = 'fundata';
-- name: keys
SELECT 'fundata' AS source, f.identifier FROM core.all_funds() f
UNION ALL
SELECT 'fmp', l.symbol FROM core.all_listings() l;
-- name: affected
SELECT 'fundata' AS source, d.identifier, d.run_id
FROM core.fund_records_of_runs($1::uuid[], ARRAY['FundGeneral', 'InstrumentIdentifier']) d
UNION ALL
SELECT 'fmp', l.symbol, l.run_id FROM core.listings_of_runs($1::uuid[]) l
UNION ALL
SELECT 'fmp', p.symbol, p.run_id FROM core.profiles_of_runs($1::uuid[]) p
UNION ALL
SELECT 'fmp', i.symbol, i.run_id FROM core.etf_info_of_runs($1::uuid[]) i
UNION ALL
SELECT 'fmp', n.symbol, n.run_id FROM core.names_of_runs($1::uuid[]) n;
-- name: example
SELECT m.security_id, m.name, m.exchange, m.currency FROM sra.security_master m
WHERE m.source = 'fmp' AND m.is_active ORDER BY m.name LIMIT 20;
