-- The listings that are or were in the universe, or have a profile.
-- Grain: one row per listing. Key: symbol. Sources: fmp_universe, equity_profile. Units: none.
CREATE OR REPLACE FUNCTION core.all_listings() RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT u.symbol FROM public.fmp_universe u
UNION
SELECT p.symbol FROM public.equity_profile p
$$;
