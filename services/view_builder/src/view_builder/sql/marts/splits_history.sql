-- Every split that the vendor has ever listed, from known_at to withdrawn_at, including withdrawn and replaced ones.
-- Grain: one row per state of a split. Key: security_id, date, ordinal. Sources: fmp_split, fmp_symbol_period, security.
-- Units: shares.
-- name: rows
SELECT p.security_id, p.symbol, p.date,
  row_number() OVER (PARTITION BY p.security_id, p.symbol, p.date ORDER BY p.valid_from, p.row_id) AS ordinal,
  p.numerator AS split_numerator, p.denominator AS split_denominator, p.kind, p.delivered_symbol, p.valid_from AS known_at,
  p.valid_to AS withdrawn_at, p.updated_at AS as_of, p.run_id AS last_run_id
FROM core.split_events p;
-- name: example
SELECT s.date, s.split_numerator, s.split_denominator, s.known_at, s.withdrawn_at FROM sra.splits_history s
WHERE s.symbol = 'AAPL' ORDER BY s.date, s.known_at;
