-- The symbols whose quotes the given runs wrote.
-- Grain: one row per symbol and run. Key: symbol, run_id. Sources: fmp_quote. Units: none.
CREATE OR REPLACE FUNCTION core.quotes_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT q.symbol, q.run_id FROM public.fmp_quote q WHERE q.run_id = ANY(runs)
$$;
