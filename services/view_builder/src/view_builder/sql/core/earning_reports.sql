-- Earnings reports of companies, past and expected, each under the security that its symbol meant on the day of the report.
-- Grain: one row per symbol and day. Key: delivered_symbol, date. Sources: fmp_earning, core.security_symbols.
-- Units: as delivered.
CREATE OR REPLACE VIEW core.earning_reports AS
SELECT s.security_id, s.symbol, s.ended_on, e.symbol AS delivered_symbol, e.date, e.eps_actual, e.eps_estimated,
  e.revenue_actual, e.revenue_estimated, e.updated_at, e.run_id
FROM public.fmp_earning e
JOIN core.security_symbols s ON s.name = e.symbol AND e.date >= s.since AND e.date < s.until;
