-- The symbols with statements, with figures that the vendor derives from them, or with scores.
-- Grain: one row per symbol and table. Key: none. Sources: the tables of statements, fmp_score. Units: none.
CREATE OR REPLACE FUNCTION core.symbols_with_statements() RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT x.symbol FROM public.fmp_income_statement x
UNION ALL
SELECT DISTINCT x.symbol FROM public.fmp_balance_sheet x
UNION ALL
SELECT DISTINCT x.symbol FROM public.fmp_cash_flow x
UNION ALL
SELECT DISTINCT x.symbol FROM public.fmp_financial_growth x
UNION ALL
SELECT DISTINCT x.symbol FROM public.fmp_income_growth x
UNION ALL
SELECT DISTINCT x.symbol FROM public.fmp_cash_flow_growth x
UNION ALL
SELECT DISTINCT x.symbol FROM public.fmp_ratio x
UNION ALL
SELECT DISTINCT x.symbol FROM public.fmp_key_metric x
UNION ALL
SELECT x.symbol FROM public.fmp_score x
$$;
