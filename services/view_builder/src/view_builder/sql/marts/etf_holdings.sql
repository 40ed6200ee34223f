-- Every position of every ETF, present and former, valid from known_at to withdrawn_at. The positions that are valid at a moment
-- are the snapshot of that moment.
-- Grain: one row per state of a position. Key: security_id, holdings_date, ordinal. Sources: fmp_etf_holding, fmp_symbol_period,
-- security. Units: fraction of the fund; others as delivered.
-- name: rows
SELECT h.security_id, h.symbol, h.day AS holdings_date,
  row_number() OVER (
    PARTITION BY h.security_id, h.symbol, h.day ORDER BY h.weight_percentage DESC NULLS LAST, h.asset, h.name, h.row_id
  ) AS ordinal, nullif(h.asset, '') AS holding_symbol, nullif(h.name, '') AS holding_name, nullif(h.isin, '') AS isin,
  nullif(h.security_cusip, '') AS cusip, h.occurrence, h.shares_number AS shares,
  core.percent_as_fraction(h.weight_percentage) AS weight, h.market_value, h.valid_from AS known_at,
  h.valid_to AS withdrawn_at, h.updated_at AS as_of, h.run_id AS last_run_id
FROM core.etf_positions h;
-- name: example
SELECT h.holding_symbol, h.holding_name, h.weight FROM sra.etf_holdings h
WHERE h.symbol = 'SPY' AND h.withdrawn_at IS NULL ORDER BY h.holdings_date DESC, h.weight DESC LIMIT 25;
