-- Those of the given runs that wrote an index level or a rate that months are compared with.
-- Grain: one row per run. Key: run_id. Sources: fmp_index_price, fmp_treasury_rate. Units: none.
CREATE OR REPLACE FUNCTION core.benchmarks_of_runs(runs uuid[]) RETURNS TABLE (run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.run_id
FROM core.levels_of_runs(runs) p
WHERE p.symbol IN ('^GSPC', '^GSPTSE') AND core.is_near_month_end(p.date)
UNION
SELECT p.run_id FROM public.fmp_treasury_rate p WHERE p.run_id = ANY(runs) AND core.is_near_month_end(p.date)
$$;
