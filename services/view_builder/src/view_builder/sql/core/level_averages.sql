-- The means of the newest 50 and 200 levels of an index; NULL if there are fewer levels.
-- Grain: one row. Key: none. Sources: fmp_index_price. Units: index points.
CREATE OR REPLACE FUNCTION core.level_averages(of_symbol text)
RETURNS TABLE (sma_50 numeric, sma_200 numeric, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN count(*) FILTER (WHERE c.place <= 50) = 50 THEN round(avg(c.close) FILTER (WHERE c.place <= 50), 6)
  END,
  CASE WHEN count(*) FILTER (WHERE c.place <= 200) = 200 THEN round(avg(c.close) FILTER (WHERE c.place <= 200), 6) END,
  max(c.updated_at)
FROM (
  SELECT x.close, x.updated_at, row_number() OVER (ORDER BY x.date DESC) AS place
  FROM public.fmp_index_price x
  WHERE x.symbol = of_symbol AND x.close > 0
  ORDER BY x.date DESC LIMIT 200
) c
$$;
