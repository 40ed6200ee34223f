-- Positions of ETFs, present and former, each under the security that the symbol meant when the vendor listed it.
-- Grain: one row per state of a position. Key: row_id. Sources: fmp_etf_holding, core.security_symbols.
-- Units: weight in percent of the fund; others as delivered.
CREATE OR REPLACE VIEW core.etf_positions AS
SELECT s.security_id, s.symbol,
  coalesce(core.read_day(h.source_updated_at), (h.valid_from AT TIME ZONE 'America/New_York')::date) AS day, h.asset, h.name,
  h.isin, h.security_cusip, h.occurrence, h.shares_number, h.weight_percentage, h.market_value, h.row_id, h.valid_from,
  h.valid_to, h.updated_at, h.run_id
FROM public.fmp_etf_holding h
JOIN core.security_symbols s ON s.name = h.symbol AND (h.valid_from AT TIME ZONE 'America/New_York')::date >= s.since
  AND (h.valid_from AT TIME ZONE 'America/New_York')::date < s.until;
