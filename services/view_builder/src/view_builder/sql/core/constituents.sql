-- The present constituents of an index.
-- Grain: one row per constituent. Key: symbol. Sources: fmp_constituent. Units: none.
CREATE OR REPLACE FUNCTION core.constituents(of_index text) RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.symbol FROM public.fmp_constituent c WHERE c.index_name = of_index AND c.valid_to IS NULL
$$;
