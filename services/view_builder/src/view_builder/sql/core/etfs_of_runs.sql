-- The ETFs whose facts, holdings or weights the given runs wrote, or whose holdings or weights they closed.
-- Grain: one row per ETF, table and run. Key: none. Sources: fmp_etf_info, fmp_etf_holding, fmp_etf_sector, fmp_etf_country,
-- task_execution_log. Units: none.
CREATE OR REPLACE FUNCTION core.etfs_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.symbol, x.run_id FROM core.etf_info_of_runs(runs) x
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_etf_holding x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_etf_sector x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_etf_country x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT x.symbol, r.run_id
FROM core.run_spans(runs) r
JOIN public.fmp_etf_holding x ON x.valid_to BETWEEN r.started_at AND r.completed_at
UNION ALL
SELECT x.symbol, r.run_id
FROM core.run_spans(runs) r
JOIN public.fmp_etf_sector x ON x.valid_to BETWEEN r.started_at AND r.completed_at
UNION ALL
SELECT x.symbol, r.run_id
FROM core.run_spans(runs) r
JOIN public.fmp_etf_country x ON x.valid_to BETWEEN r.started_at AND r.completed_at
$$;
