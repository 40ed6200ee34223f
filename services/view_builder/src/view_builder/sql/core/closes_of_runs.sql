-- The first and last day of the closes of a listing that the given runs wrote, under its symbol or a former one.
-- Grain: one row per listing, symbol and run. Key: none. Sources: fmp_eod_price, fmp_symbol_alias. Units: days.
CREATE OR REPLACE FUNCTION core.closes_of_runs(runs uuid[])
RETURNS TABLE (symbol text, run_id uuid, first_day date, last_day date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH written AS (
  SELECT p.symbol, p.run_id, min(p.date) AS first_day, max(p.date) AS last_day
  FROM public.fmp_eod_price p
  WHERE p.run_id = ANY(runs)
  GROUP BY p.symbol, p.run_id
)
SELECT w.symbol, w.run_id, w.first_day, w.last_day FROM written w
UNION ALL
SELECT a.symbol, w.run_id, w.first_day, w.last_day
FROM written w
JOIN public.fmp_symbol_alias a ON a.former_symbol = w.symbol
$$;
