-- The highest and the lowest level of an index over the twelve months up to a day.
-- Grain: one row. Key: none. Sources: fmp_index_price. Units: index points.
CREATE OR REPLACE FUNCTION core.level_range(of_symbol text, end_day date)
RETURNS TABLE (level_year_high numeric, level_year_low numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT max(coalesce(x.high, x.close)), min(coalesce(x.low, x.close))
FROM public.fmp_index_price x
WHERE x.symbol = of_symbol AND x.close > 0 AND x.date > core.horizon_start(end_day, '1y') AND x.date <= end_day
$$;
