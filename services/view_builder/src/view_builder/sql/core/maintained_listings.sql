-- The listings in the maintained table of share ratios.
-- Grain: one row per listing. Key: symbol. Sources: share_basis. Units: none.
CREATE OR REPLACE FUNCTION core.maintained_listings() RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT b.symbol FROM public.share_basis b
$$;
