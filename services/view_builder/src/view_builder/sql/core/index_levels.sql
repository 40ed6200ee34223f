-- Levels of the collected indices and prices of the sector ETFs that are collected with them, with their names if we have one.
-- Grain: one row per index and session. Key: symbol, date. Sources: fmp_index_price, core.index_list.
-- Units: index points; for an ETF the currency of the listing.
CREATE OR REPLACE VIEW core.index_levels AS
SELECT p.symbol, p.date, i.name, p.close, p.open, p.high, p.low, p.volume, p.updated_at, p.run_id
FROM public.fmp_index_price p
LEFT JOIN core.index_list i ON i.symbol = p.symbol;
