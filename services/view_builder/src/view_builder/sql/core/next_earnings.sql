-- The next report of a company after a day that has no figures yet.
-- Grain: at most one row. Key: none. Sources: fmp_earning. Units: as delivered.
CREATE OR REPLACE FUNCTION core.next_earnings(of_symbol text, after_day date)
RETURNS TABLE (date date, eps_estimated numeric, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.date, x.eps_estimated, x.updated_at
FROM public.fmp_earning x
WHERE x.symbol = of_symbol AND x.date > after_day AND x.eps_actual IS NULL
ORDER BY x.date LIMIT 1
$$;
