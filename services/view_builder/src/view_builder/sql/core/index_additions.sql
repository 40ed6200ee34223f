-- The additions to indices that the vendor reports.
-- Grain: one row per addition. Key: index_name, symbol, date. Sources: fmp_constituent_change. Units: dates.
CREATE OR REPLACE VIEW core.index_additions AS
SELECT c.index_name, c.symbol, c.date FROM public.fmp_constituent_change c WHERE c.symbol <> '' AND c.removed_ticker = '';
