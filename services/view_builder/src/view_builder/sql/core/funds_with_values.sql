-- The funds with quotes.
-- Grain: one row per fund. Key: identifier. Sources: fundata_quotes. Units: none.
CREATE OR REPLACE FUNCTION core.funds_with_values() RETURNS TABLE (identifier text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT q.identifier FROM public.fundata_quotes q
$$;
