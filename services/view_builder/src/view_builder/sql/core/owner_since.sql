-- The day from which on a symbol means the security that has it now, or had it last; no row where none had it before.
-- Grain: at most one row. Key: none. Sources: fmp_symbol_period. Units: date.
CREATE OR REPLACE FUNCTION core.owner_since(of_symbol text) RETURNS TABLE (since date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT o.valid_from FROM public.fmp_symbol_period o WHERE o.symbol = of_symbol ORDER BY o.place DESC LIMIT 1
$$;
