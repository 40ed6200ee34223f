-- The names of securities in lower case without accents and punctuation, and all their codes, for search_securities.
-- Grain: one row per security. Key: source, identifier. Sources: sra.security_master, equity_profile, fmp_etf_info,
-- fundata_data (InstrumentIdentifier, FundLoads). Units: none.
-- Without origins: source.
-- name: rows
SELECT m.source, m.identifier, m.security_id, m.type, m.name, m.exchange, m.currency, m.is_active,
  -- an entry of an index has at most 2,700 bytes
  left(btrim(regexp_replace(core.folded_text(concat_ws(' ', m.name, m.name_en, m.name_fr)), '[^[:alnum:]]+', ' ', 'g')), 600)
    AS search_text, c.codes AS search_codes,
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
-- name: search_words
-- a text as security_search has names
SELECT nullif(btrim(regexp_replace(
    lower(regexp_replace(pg_catalog.normalize(query, 'NFKD'), '[\u0300-\u036f]', '', 'g')), '[^[:alnum:]]+', ' ', 'g'
  )), '');
-- name: search_codes
SELECT x.security_id, x.source, x.identifier, x.name, x.type, x.exchange, x.currency, x.is_active, 'code'
FROM sra.security_search x
WHERE x.search_codes ? code
ORDER BY x.identifier = code DESC, starts_with(x.search_text, words) DESC, x.is_active DESC, length(x.name), x.name, x.source,
  x.identifier LIMIT places;
-- name: search_beginnings
SELECT x.security_id, x.source, x.identifier, x.name, x.type, x.exchange, x.currency, x.is_active, 'name'
FROM sra.security_search x
WHERE x.search_text LIKE words || '%' AND NOT x.search_codes ? code
ORDER BY x.is_active DESC, length(x.name), x.name, x.source, x.identifier LIMIT places;
-- name: search_is_common
SELECT count(*) > 1000
FROM (
  SELECT FROM sra.security_search x
  WHERE to_tsvector('simple', x.search_text) @@ to_tsquery('simple', replace(words, ' ', ':* & ') || ':*') LIMIT 1001
) f;
-- name: search_rare_words
SELECT x.security_id, x.source, x.identifier, x.name, x.type, x.exchange, x.currency, x.is_active, 'name'
FROM sra.security_search x
WHERE to_tsvector('simple', x.search_text) @@ to_tsquery('simple', replace(words, ' ', ':* & ') || ':*')
  AND NOT starts_with(x.search_text, words) AND NOT x.search_codes ? code
ORDER BY x.is_active DESC, length(x.name), x.name, x.source, x.identifier LIMIT places;
-- name: search_common_words
-- in the order of the index, which has the names: there are enough matches among the first
SELECT x.security_id, x.source, x.identifier, x.name, x.type, x.exchange, x.currency, x.is_active, 'name'
FROM (
  SELECT k.source, k.identifier
  FROM sra.security_search k
  WHERE ' ' || k.search_text LIKE ALL(patterns) AND NOT starts_with(k.search_text, words)
  ORDER BY k.is_active DESC, length(k.name), k.name, k.source, k.identifier LIMIT places + code_count
) f
JOIN sra.security_search x ON x.source = f.source AND x.identifier = f.identifier
WHERE NOT x.search_codes ? code
ORDER BY x.is_active DESC, length(x.name), x.name, x.source, x.identifier LIMIT places;
-- name: search_similar
SELECT x.security_id, x.source, x.identifier, x.name, x.type, x.exchange, x.currency, x.is_active, 'similar'
FROM sra.security_search x
WHERE words OPERATOR (public.<%) x.search_text
ORDER BY public.word_similarity(words, x.search_text) DESC, x.is_active DESC, length(x.name), x.name, x.source,
  x.identifier LIMIT places;
-- name: example
SELECT s.security_id, s.name, s.found_by FROM sra.search_securities('fund', 10) s;
