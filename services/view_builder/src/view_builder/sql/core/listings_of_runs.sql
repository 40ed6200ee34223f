-- The symbols of the universe that the given runs wrote or closed, each with the run.
-- Grain: one row per entry. Key: none. Sources: fmp_universe, task_execution_log. Units: none.
CREATE OR REPLACE FUNCTION core.listings_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT u.symbol, u.run_id FROM public.fmp_universe u WHERE u.run_id = ANY(runs)
UNION ALL
SELECT u.symbol, r.run_id
FROM core.run_spans(runs) r
JOIN public.fmp_universe u ON u.valid_to BETWEEN r.started_at AND r.completed_at
$$;
