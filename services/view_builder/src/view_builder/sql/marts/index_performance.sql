-- The performance and trend of the large indices of New York and Toronto.
-- Grain: one row per index. Key: symbol. Sources: fmp_index_price. Units: index points; fraction.
-- Without origins: symbol, name, currency.
-- name: rows
SELECT s.symbol, i.name, i.currency, e.day AS date, e.level, e.level - r.level_1d AS level_change, r.price_return_1d,
  r.price_return_1w, r.price_return_1m, r.price_return_3m, r.price_return_qtd, r.price_return_ytd, r.price_return_1y,
  a.sma_50, a.sma_200, core.performance(e.level, a.sma_50) AS distance_sma_50,
  core.performance(e.level, a.sma_200) AS distance_sma_200,
  CASE
    WHEN e.level > a.sma_50 AND e.level > a.sma_200 THEN 'up'
    WHEN e.level < a.sma_50 AND e.level < a.sma_200 THEN 'down'
    WHEN a.sma_50 IS NOT NULL AND a.sma_200 IS NOT NULL THEN 'mixed'
  END AS trend,
  y.level_year_high, y.level_year_low, greatest(a.as_of, r.stored_at) AS as_of
FROM affected_keys s
JOIN core.index_list i ON i.symbol = s.symbol
CROSS JOIN LATERAL core.newest_level(s.symbol) e
CROSS JOIN LATERAL core.index_returns(s.symbol, e.level, e.day) r
CROSS JOIN LATERAL core.level_averages(s.symbol) a
CROSS JOIN LATERAL core.level_range(s.symbol, e.day) y;
-- name: keys
SELECT i.symbol FROM core.index_list i;
-- name: affected
SELECT DISTINCT l.symbol, l.run_id
FROM core.levels_of_runs($1::uuid[]) l
JOIN core.index_list i ON i.symbol = l.symbol;
-- name: example
SELECT i.name, i.level, i.price_return_1d, i.price_return_ytd, i.trend FROM sra.index_performance i ORDER BY i.symbol;
