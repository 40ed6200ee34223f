-- The companies whose profile, statements, vendor-derived figures or peers the given runs wrote, or whose peers they closed.
-- Grain: one row per company, table and run. Key: none. Sources: equity_profile, core.statements_of_runs, fmp_earning, fmp_peer,
-- task_execution_log. Units: none.
CREATE OR REPLACE FUNCTION core.companies_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT x.symbol, x.run_id FROM core.profiles_of_runs(runs) x
UNION ALL
SELECT x.symbol, x.run_id FROM core.statements_of_runs(runs) x
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_earning x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_peer x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT x.symbol, r.run_id
FROM core.run_spans(runs) r
JOIN public.fmp_peer x ON x.valid_to BETWEEN r.started_at AND r.completed_at
$$;
