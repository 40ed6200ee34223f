-- The vendor's scores of a company.
-- Grain: at most one row. Key: none. Sources: fmp_score. Units: points.
CREATE OR REPLACE FUNCTION core.scores(of_symbol text)
RETURNS TABLE (altman_z_score numeric, piotroski_score numeric, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.altman_z_score, x.piotroski_score, x.updated_at FROM public.fmp_score x WHERE x.symbol = of_symbol
$$;
