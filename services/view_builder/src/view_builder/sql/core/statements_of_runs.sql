-- The companies whose statements, vendor-derived figures or scores the given runs wrote.
-- Grain: one row per company, table and run. Key: none. Sources: the tables of statements, fmp_score. Units: none.
CREATE OR REPLACE FUNCTION core.statements_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_income_statement x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_balance_sheet x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_cash_flow x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_financial_growth x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_income_growth x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_cash_flow_growth x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_ratio x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_key_metric x WHERE x.run_id = ANY(runs)
UNION ALL
SELECT DISTINCT x.symbol, x.run_id FROM public.fmp_score x WHERE x.run_id = ANY(runs)
$$;
