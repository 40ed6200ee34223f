-- The listings whose splits or dividends the given runs wrote or withdrew, under their symbol or a former one.
-- Grain: one row per listing and cause. Key: none. Sources: fmp_split, fmp_dividend, fmp_symbol_alias. Units: none.
CREATE OR REPLACE FUNCTION core.events_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH written AS (
  SELECT DISTINCT s.symbol, s.run_id FROM public.fmp_split s WHERE s.run_id = ANY(runs)
  UNION ALL
  SELECT DISTINCT s.symbol, s.ended_run_id FROM public.fmp_split s WHERE s.ended_run_id = ANY(runs)
  UNION ALL
  SELECT DISTINCT d.symbol, d.run_id FROM public.fmp_dividend d WHERE d.run_id = ANY(runs)
  UNION ALL
  SELECT DISTINCT d.symbol, d.ended_run_id FROM public.fmp_dividend d WHERE d.ended_run_id = ANY(runs)
)
SELECT w.symbol, w.run_id FROM written w
UNION ALL
SELECT a.symbol, w.run_id FROM written w JOIN public.fmp_symbol_alias a ON a.former_symbol = w.symbol
$$;
