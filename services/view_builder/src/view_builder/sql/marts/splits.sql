-- Every split of every listing that the vendor lists now, including announced ones. If the vendor delivers a day under two
-- symbols of a security, the split under the newest symbol counts.
-- Grain: one row per split. Key: security_id, date, ordinal. Sources: fmp_split, fmp_symbol_period, security. Units: shares.
-- name: rows
SELECT r.security_id, r.symbol, r.date, r.ordinal, r.numerator AS split_numerator, r.denominator AS split_denominator, r.kind,
  r.delivered_symbol, r.valid_from AS known_at, r.updated_at AS as_of, r.run_id AS last_run_id
FROM (
  SELECT p.*, rank() OVER (PARTITION BY p.security_id, p.symbol, p.date ORDER BY p.ended_on DESC NULLS FIRST) AS name_rank,
    row_number() OVER (
      PARTITION BY p.security_id, p.symbol, p.date ORDER BY p.ended_on DESC NULLS FIRST, p.row_id
    ) AS ordinal
  FROM core.split_events p
  WHERE p.valid_to IS NULL
) r
WHERE r.name_rank = 1;
-- name: example
SELECT s.date, s.split_numerator, s.split_denominator, s.kind FROM sra.splits s
WHERE s.symbol = 'AAPL' ORDER BY s.date DESC;
