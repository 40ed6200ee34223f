-- Every security of both vendors: funds by Fundata's InstrumentKey, listings by symbol.
-- Grain: one row per security. Key: source, identifier. Sources: fundata_data (FundGeneral, InstrumentIdentifier),
-- fmp_universe, equity_profile, fmp_etf_info. Units: none.
-- Without origins: source.
-- name: rows
SELECT s.source, s.identifier, f.name, f.name_en, f.name_fr, 'fund' AS type, NULL::text AS exchange, f.currency,
  f.family, f.company, NULL::text AS sector, NULL::text AS industry, NULL::text AS country, f.isin, f.inception_date,
  true AS is_active, f.as_of, NULL::text AS cik
FROM affected_keys s
CROSS JOIN LATERAL core.fund_master(s.identifier) f
WHERE s.source = 'fundata'
UNION ALL
SELECT s.source, s.identifier, m.name, m.name, NULL, m.type, m.exchange, m.currency, NULL, m.name, m.sector, m.industry,
  m.country, m.isin, m.inception_date, m.is_active, m.as_of, m.cik
FROM affected_keys s
CROSS JOIN LATERAL core.listing_master(s.identifier) m
WHERE s.source = 'fmp';
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
SELECT 'fmp', i.symbol, i.run_id FROM core.etf_info_of_runs($1::uuid[]) i;
