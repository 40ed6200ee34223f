-- The number of shares in the statements per share of a listing on a day, from the maintained table.
-- Grain: at most one row. Key: none. Sources: share_basis. Units: shares.
CREATE OR REPLACE FUNCTION core.share_basis_ratio(of_symbol text, of_day date) RETURNS TABLE (ratio numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT b.ratio FROM public.share_basis b WHERE b.symbol = of_symbol AND b.valid_from <= of_day ORDER BY b.valid_from DESC LIMIT 1
$$;
