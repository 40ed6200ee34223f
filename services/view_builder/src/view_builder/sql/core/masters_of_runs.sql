-- The symbols whose universe entry or profile the given runs wrote or closed. Their issuer and currency may depend on it.
-- Grain: one row per symbol and cause. Key: none. Sources: core.listings_of_runs, core.profiles_of_runs. Units: none.
CREATE OR REPLACE FUNCTION core.masters_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT l.symbol, l.run_id FROM core.listings_of_runs(runs) l
UNION ALL
SELECT p.symbol, p.run_id FROM core.profiles_of_runs(runs) p
$$;
