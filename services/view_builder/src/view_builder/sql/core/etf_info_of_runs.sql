-- The ETFs whose facts (core.etf_info) the given runs wrote.
-- Grain: one row per ETF. Key: symbol. Sources: fmp_etf_info. Units: none.
CREATE OR REPLACE FUNCTION core.etf_info_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT i.symbol, i.run_id FROM public.fmp_etf_info i WHERE i.run_id = ANY(runs)
$$;
