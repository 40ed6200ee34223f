-- The symbols with quotes, in the universe or not.
-- Grain: one row per symbol. Key: symbol. Sources: fmp_quote. Units: none.
CREATE OR REPLACE FUNCTION core.symbols_with_quotes() RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT q.symbol FROM public.fmp_quote q
$$;
