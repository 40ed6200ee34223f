-- Daily levels of every collected index, and of the sector ETFs that are collected with them, as delivered.
-- Grain: one row per index and session. Key: symbol, date. Sources: fmp_index_price.
-- Units: index points; for an ETF the currency of the listing; shares.
-- name: rows
SELECT l.symbol, l.date, coalesce(l.name, m.name) AS name, m.security_id, l.close AS level, l.open AS level_open,
  l.high AS level_high, l.low AS level_low, l.volume, l.updated_at AS known_at, l.updated_at AS as_of, l.run_id AS last_run_id
FROM core.index_levels l
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = l.symbol;
-- name: example
SELECT i.date, i.level FROM sra.index_history i WHERE i.symbol = '^GSPC' ORDER BY i.date DESC LIMIT 250;
