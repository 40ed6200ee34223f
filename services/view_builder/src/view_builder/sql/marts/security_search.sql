-- The names of securities in lower case without accents, and all their codes, for search_securities.
-- Grain: one row per security. Key: source, identifier. Sources: sra.security_master, equity_profile, fmp_etf_info,
-- fundata_data (InstrumentIdentifier, FundLoads). Units: none.
-- Without origins: source.
-- name: rows
SELECT m.source, m.identifier, m.security_id, m.type, m.name, m.exchange, m.currency, m.is_active,
  core.folded_text(concat_ws(' ', m.name, m.name_en, m.name_fr)) AS search_text, c.codes AS search_codes,
  greatest(m.as_of, c.stored_at) AS as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = s.source AND m.identifier = s.identifier
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_agg(DISTINCT upper(k.code)) FILTER (WHERE k.code <> ''), '[]') AS codes, max(k.stored_at) AS stored_at
  FROM (
    SELECT m.identifier AS code, NULL::timestamptz AS stored_at
    UNION ALL
    SELECT l.code, l.stored_at FROM core.listing_codes(m.identifier) l WHERE m.source = 'fmp'
    UNION ALL
    SELECT f.code, f.stored_at FROM core.fund_codes_of(m.identifier) f WHERE m.source = 'fundata'
  ) k
) c;
-- name: keys
SELECT m.source, m.identifier FROM sra.security_master m;
-- name: affected
SELECT 'fundata' AS source, d.identifier, d.run_id
FROM core.fund_records_of_runs($1::uuid[], ARRAY['FundGeneral', 'InstrumentIdentifier', 'FundLoads']) d
UNION ALL
SELECT 'fmp', l.symbol, l.run_id FROM core.masters_of_runs($1::uuid[]) l
UNION ALL
SELECT 'fmp', i.symbol, i.run_id FROM core.etf_info_of_runs($1::uuid[]) i
UNION ALL
SELECT 'fmp', n.symbol, n.run_id FROM core.names_of_runs($1::uuid[]) n;
-- name: search
SELECT x.security_id, x.source, x.identifier, x.name, x.type, x.exchange, x.currency, x.is_active,
  CASE WHEN x.search_codes ? q.code THEN 'code' ELSE 'name' END
FROM (
  SELECT lower(regexp_replace(pg_catalog.normalize(query, 'NFKD'), '[\u0300-\u036f]', '', 'g')) AS folded,
    upper(btrim(query)) AS code
) q
CROSS JOIN LATERAL (
  SELECT nullif(btrim(regexp_replace(q.folded, '[^[:alnum:]]+', ' ', 'g')), '') AS words
) w
JOIN sra.security_search x
  ON x.search_codes ? q.code
  OR to_tsvector('simple', x.search_text) @@ to_tsquery('simple', replace(w.words, ' ', ':* & ') || ':*')
ORDER BY x.identifier = q.code DESC, x.search_codes ? q.code DESC, starts_with(x.search_text, btrim(q.folded)) DESC,
  x.is_active DESC, length(x.name), x.name, x.source, x.identifier LIMIT least(most, 1000);
-- name: example
SELECT s.security_id, s.name, s.found_by FROM sra.search_securities('fund', 10) s;
