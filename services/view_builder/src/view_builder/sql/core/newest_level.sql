-- The newest level above zero of an index.
-- Grain: at most one row. Key: none. Sources: fmp_index_price. Units: index points.
CREATE OR REPLACE FUNCTION core.newest_level(of_symbol text)
RETURNS TABLE (level numeric, day date, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.close, p.date, p.updated_at
FROM public.fmp_index_price p
WHERE p.symbol = of_symbol AND p.close > 0
ORDER BY p.date DESC LIMIT 1
$$;
