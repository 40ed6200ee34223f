-- The quotes of funds that the given runs wrote.
-- Grain: one row per quote record, or per element of its lists. Key: none. Sources: fundata_quotes. Units: days.
CREATE OR REPLACE FUNCTION core.fund_values_of_runs(runs uuid[])
RETURNS TABLE (identifier text, date date, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT q.identifier, q.date, q.run_id FROM public.fundata_quotes q WHERE q.run_id = ANY(runs)
$$;
