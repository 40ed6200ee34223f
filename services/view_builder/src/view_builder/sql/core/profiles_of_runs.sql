-- The symbols whose profiles the given runs wrote.
-- Grain: one row per symbol and exchange. Key: none. Sources: equity_profile. Units: none.
CREATE OR REPLACE FUNCTION core.profiles_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.symbol, p.run_id FROM public.equity_profile p WHERE p.run_id = ANY(runs)
$$;
