-- The dividends of securities as delivered, including withdrawn ones, each under the security that its symbol meant on the
-- ex-date.
-- Grain: one row per payment. Key: row_id. Sources: fmp_dividend, core.security_symbols. Units: currency of the listing per
-- share of the ex-date; dividend_yield in percent.
CREATE OR REPLACE VIEW core.dividend_events AS
SELECT s.security_id, s.symbol, d.symbol AS delivered_symbol, s.ended_on, d.date, d.dividend, d.adj_dividend,
  d.dividend_yield, d.frequency, d.declaration_date, d.record_date, d.payment_date, d.row_id, d.valid_from, d.valid_to,
  d.updated_at, coalesce(d.ended_run_id, d.run_id) AS run_id
FROM public.fmp_dividend d
JOIN core.security_symbols s ON s.name = d.symbol AND d.date >= s.since AND d.date < s.until;
