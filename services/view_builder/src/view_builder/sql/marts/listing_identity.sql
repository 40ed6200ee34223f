-- The security and the type of every listing, as security_master has them, published with the prices of listings: views that
-- combine the two never show prices of one build with an identity of another.
-- Grain: one row per listing. Key: symbol. Sources: sra.security_master. Units: none.
-- name: rows
SELECT s.symbol, m.security_id, m.type, m.valid_to, m.as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol;
-- name: keys
SELECT m.identifier AS symbol FROM sra.security_master m WHERE m.source = 'fmp';
-- name: affected
SELECT l.symbol, l.run_id FROM core.masters_of_runs($1::uuid[]) l
UNION ALL
SELECT i.symbol, i.run_id FROM core.etf_info_of_runs($1::uuid[]) i
UNION ALL
SELECT n.symbol, n.run_id FROM core.names_of_runs($1::uuid[]) n;
-- name: example
SELECT i.security_id, i.type, i.valid_to FROM sra.listing_identity i WHERE i.symbol = 'AAPL';
