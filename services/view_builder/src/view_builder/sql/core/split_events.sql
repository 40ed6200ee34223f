-- The splits of securities as delivered, including withdrawn ones, each under the security that the symbol meant on the day.
-- Grain: one row per split. Key: row_id. Sources: fmp_split, core.security_symbols. Units: shares.
CREATE OR REPLACE VIEW core.split_events AS
SELECT s.security_id, s.symbol, p.symbol AS delivered_symbol, s.ended_on, p.date, p.numerator, p.denominator,
  CASE WHEN core.is_price_factor(p.numerator, p.denominator) THEN 'price_factor' ELSE 'split' END AS kind, p.row_id,
  p.valid_from, p.valid_to, p.updated_at, coalesce(p.ended_run_id, p.run_id) AS run_id
FROM public.fmp_split p
JOIN core.security_symbols s ON s.name = p.symbol AND p.date >= s.since AND p.date < s.until;
