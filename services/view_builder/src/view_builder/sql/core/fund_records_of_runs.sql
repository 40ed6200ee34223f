-- The records of the given Fundata datasets that the given runs wrote. A benchmark's record has the benchmark's identifier.
-- Grain: one row per version of a record, or per element of its lists. Key: none. Sources: fundata_data. Units: none.
CREATE OR REPLACE FUNCTION core.fund_records_of_runs(runs uuid[], datasets text[])
RETURNS TABLE (identifier text, record_id text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.identifier, d.record_id, d.run_id
FROM public.fundata_data d
WHERE d.run_id = ANY(runs) AND d.dataset = ANY(datasets)
$$;
