-- The performance of an index over each horizon up to its newest level, without dividends.
-- Grain: one row. Key: none. Sources: core.level_on_or_before. Units: index points; fraction.
CREATE OR REPLACE FUNCTION core.index_returns(of_symbol text, end_level numeric, end_day date) RETURNS TABLE (
  level_1d numeric, price_return_1d numeric, price_return_1w numeric, price_return_1m numeric, price_return_3m numeric,
  price_return_qtd numeric, price_return_ytd numeric, price_return_1y numeric, stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT max(r.level) FILTER (WHERE r.horizon = '1d'), max(r.performance) FILTER (WHERE r.horizon = '1d'),
  max(r.performance) FILTER (WHERE r.horizon = '1w'), max(r.performance) FILTER (WHERE r.horizon = '1m'),
  max(r.performance) FILTER (WHERE r.horizon = '3m'), max(r.performance) FILTER (WHERE r.horizon = 'qtd'),
  max(r.performance) FILTER (WHERE r.horizon = 'ytd'), max(r.performance) FILTER (WHERE r.horizon = '1y'),
  max(r.stored_at)
FROM (
  SELECT h.horizon, l.level, l.stored_at,
    core.horizon_performance(h.horizon, end_level, end_day, l.level, l.day) AS performance
  FROM unnest(ARRAY['1d', '1w', '1m', '3m', 'qtd', 'ytd', '1y']) h (horizon)
  CROSS JOIN LATERAL core.level_on_or_before(of_symbol, core.horizon_start(end_day, h.horizon)) l
) r
$$;
