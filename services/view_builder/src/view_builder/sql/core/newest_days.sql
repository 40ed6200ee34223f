-- The newest day of the FMP datasets whose records have a day.
-- Grain: one row per dataset. Key: dataset. Sources: fmp_eod_price, fmp_index_price, fmp_exchange_rate, fmp_treasury_rate.
-- Units: date.
CREATE OR REPLACE VIEW core.newest_days AS
SELECT 'eod_prices' AS dataset, (SELECT max(p.date) FROM public.fmp_eod_price p) AS newest
UNION ALL
SELECT 'index_prices', (SELECT max(i.date) FROM public.fmp_index_price i)
UNION ALL
SELECT 'exchange_rates', (SELECT max(e.date) FROM public.fmp_exchange_rate e)
UNION ALL
SELECT 'treasury_rates', (SELECT max(r.date) FROM public.fmp_treasury_rate r);
