-- Every country and sector weight of every ETF, present and former, valid from known_at to withdrawn_at.
-- Grain: one row per state of a weight. Key: security_id, holdings_date, ordinal. Sources: fmp_etf_country, fmp_etf_sector,
-- fmp_symbol_period, security. Units: fraction of the fund.
-- Without origins: exposure_kind.
-- name: rows
SELECT w.security_id, w.symbol, w.day AS holdings_date,
  row_number() OVER (
    PARTITION BY w.security_id, w.symbol, w.day ORDER BY w.kind, w.weight_percentage DESC NULLS LAST, w.name, w.row_id
  ) AS ordinal, w.kind AS exposure_kind, w.name AS exposure, core.percent_as_fraction(w.weight_percentage) AS weight,
  w.valid_from AS known_at, w.valid_to AS withdrawn_at, w.updated_at AS as_of, w.run_id AS last_run_id
FROM core.etf_weights w;
-- name: example
SELECT e.exposure_kind, e.exposure, e.weight FROM sra.etf_exposures e
WHERE e.symbol = 'SPY' AND e.withdrawn_at IS NULL ORDER BY e.exposure_kind, e.weight DESC;
