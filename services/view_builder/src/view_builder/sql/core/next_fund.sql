-- The next fund with quotes.
-- Grain: one row. Key: none. Sources: fundata_quotes. Units: none.
CREATE OR REPLACE FUNCTION core.next_fund(after_fund text) RETURNS TABLE (identifier text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT min(q.identifier) FROM public.fundata_quotes q WHERE q.identifier > after_fund
$$;
