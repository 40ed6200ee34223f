-- The removals from indices that the vendor reports.
-- Grain: one row per removal. Key: index_name, symbol, date. Sources: fmp_constituent_change. Units: dates.
CREATE OR REPLACE VIEW core.index_removals AS
SELECT DISTINCT ON (c.index_name, c.removed_ticker, c.date) c.index_name, c.removed_ticker AS symbol, c.date,
  c.removed_security AS name, c.reason, c.created_at, c.updated_at, c.run_id
FROM public.fmp_constituent_change c
WHERE c.removed_ticker <> ''
ORDER BY c.index_name, c.removed_ticker, c.date, c.symbol;
