-- The listings whose present or earlier currency the given runs changed.
-- Grain: one row per listing and run. Key: none. Sources: core.profiles_of_runs, sra.security_master, fmp_row_history.
-- Units: none.
CREATE OR REPLACE FUNCTION core.currencies_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.symbol, p.run_id
FROM core.profiles_of_runs(runs) p
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = p.symbol AND m.currency_since IS NOT NULL
WHERE EXISTS (
  SELECT FROM public.fmp_row_history h
  WHERE h.table_name = 'equity_profile' AND h.symbol = p.symbol AND h.replaced_by = ANY(runs)
    AND h.row_values ->> 'currency' <> m.currency
)
$$;
