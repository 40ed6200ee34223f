-- The levels of indices that the given runs wrote.
-- Grain: one row per index and day. Key: symbol, date. Sources: fmp_index_price. Units: days.
CREATE OR REPLACE FUNCTION core.levels_of_runs(runs uuid[]) RETURNS TABLE (symbol text, date date, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.symbol, p.date, p.run_id FROM public.fmp_index_price p WHERE p.run_id = ANY(runs)
$$;
