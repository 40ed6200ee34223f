-- The symbols of a listing, each with the days from since until before until on which it meant the listing. The present symbol
-- has no until. Its since is the day on which another security gave it up, if there was one.
-- Grain: one row per symbol. Key: name, since. Sources: fmp_symbol_period, fmp_symbol_alias. Units: dates.
CREATE OR REPLACE FUNCTION core.listing_names(of_symbol text) RETURNS TABLE (name text, since date, until date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT of_symbol, (SELECT o.since FROM core.owner_since(of_symbol) o), NULL::date
UNION ALL
SELECT a.former_symbol, a.valid_from, a.valid_to FROM public.fmp_symbol_alias a WHERE a.symbol = of_symbol
$$;
