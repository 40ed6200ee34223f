-- The last level above zero of an index on or before a day; no row if that level is more than 7 days older.
-- Grain: at most one row. Key: none. Sources: fmp_index_price. Units: index points.
CREATE OR REPLACE FUNCTION core.level_on_or_before(of_symbol text, target date)
RETURNS TABLE (level numeric, day date, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.close, p.date, p.updated_at
FROM public.fmp_index_price p
WHERE p.symbol = of_symbol AND p.close > 0 AND p.date <= target AND p.date >= target - 7
ORDER BY p.date DESC LIMIT 1
$$;
