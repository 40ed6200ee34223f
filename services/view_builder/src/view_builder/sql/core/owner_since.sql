-- The day since which a symbol means its present or last security; no row if no security had it before.
-- Grain: at most one row. Key: none. Sources: fmp_symbol_period. Units: date.
CREATE OR REPLACE FUNCTION core.owner_since(of_symbol text) RETURNS TABLE (since date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT o.valid_from FROM public.fmp_symbol_period o WHERE o.symbol = of_symbol ORDER BY o.place DESC LIMIT 1
$$;
