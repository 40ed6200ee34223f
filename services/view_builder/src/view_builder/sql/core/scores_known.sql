-- The vendor's scores of a company as stored at a moment: the present row, or the row that was replaced since.
-- Grain: at most one row. Key: none. Sources: fmp_score, fmp_row_history. Units: points.
CREATE OR REPLACE FUNCTION core.scores_known(of_symbol text, moment timestamptz)
RETURNS TABLE (altman_z_score numeric, piotroski_score numeric, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.altman_z_score, x.piotroski_score, x.updated_at
FROM core.scores(of_symbol) x
WHERE x.updated_at <= moment
UNION ALL
SELECT (h.row_values ->> 'altman_z_score')::numeric, (h.row_values ->> 'piotroski_score')::numeric, h.known_from
FROM public.fmp_row_history h
WHERE h.table_name = 'fmp_score' AND h.symbol = of_symbol AND h.known_from <= moment AND h.known_until > moment
$$;
