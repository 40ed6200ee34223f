-- Weights of countries and sectors in ETFs, present and former, each under the security that the symbol meant when the vendor
-- listed it.
-- Grain: one row per state of a weight. Key: kind, row_id. Sources: fmp_etf_country, fmp_etf_sector, core.security_symbols.
-- Units: percent of the fund.
CREATE OR REPLACE VIEW core.etf_weights AS
SELECT s.security_id, s.symbol, w.kind, w.name, (w.valid_from AT TIME ZONE 'America/New_York')::date AS day,
  w.weight_percentage, w.row_id, w.valid_from, w.valid_to, w.updated_at, w.run_id
FROM (
  SELECT 'country' AS kind, c.symbol, c.country AS name, c.weight_percentage, c.row_id, c.valid_from, c.valid_to, c.updated_at,
    c.run_id
  FROM public.fmp_etf_country c
  UNION ALL
  SELECT 'sector', x.symbol, x.sector, x.weight_percentage, x.row_id, x.valid_from, x.valid_to, x.updated_at, x.run_id
  FROM public.fmp_etf_sector x
) w
JOIN core.security_symbols s ON s.name = w.symbol AND (w.valid_from AT TIME ZONE 'America/New_York')::date >= s.since
  AND (w.valid_from AT TIME ZONE 'America/New_York')::date < s.until;
