-- The symbols whose owners the given runs changed, with all other symbols of these owners. A removed alias belonged to one of the
-- two symbols of a new rename.
-- Grain: one row per symbol and cause. Key: none. Sources: fmp_symbol_alias, fmp_symbol_change, fmp_symbol_period. Units: none.
CREATE OR REPLACE FUNCTION core.names_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT a.symbol, a.run_id FROM public.fmp_symbol_alias a WHERE a.run_id = ANY(runs)
UNION ALL
SELECT n.symbol, c.run_id
FROM public.fmp_symbol_change c
CROSS JOIN LATERAL (VALUES (c.old_symbol), (c.new_symbol)) n (symbol)
WHERE c.run_id = ANY(runs)
UNION ALL
SELECT n.symbol, o.run_id
FROM public.fmp_symbol_period o
CROSS JOIN LATERAL (
  SELECT o.owner_symbol AS symbol
  UNION ALL
  SELECT p.symbol FROM public.fmp_symbol_period p
  WHERE p.owner_symbol = o.owner_symbol AND p.owner_until IS NOT DISTINCT FROM o.owner_until
) n
WHERE o.run_id = ANY(runs)
$$;
