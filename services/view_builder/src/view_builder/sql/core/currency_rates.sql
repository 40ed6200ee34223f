-- The exchange rate of every collected pair at the end of each day.
-- Grain: one row per pair and day. Key: pair, date. Sources: fmp_exchange_rate. Units: second currency for one of the first.
CREATE OR REPLACE VIEW core.currency_rates AS
SELECT r.pair, r.date, r.open, r.high, r.low, r.close, r.updated_at, r.run_id FROM public.fmp_exchange_rate r;
