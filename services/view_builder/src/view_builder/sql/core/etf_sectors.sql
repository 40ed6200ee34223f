-- The newest complete list of an ETF's weights by sector, largest first.
-- Grain: one row. Key: none. Sources: fmp_etf_sector. Units: fraction of the fund.
CREATE OR REPLACE FUNCTION core.etf_sectors(of_symbol text) RETURNS TABLE (items jsonb, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object('sector', x.sector, 'weight', core.percent_as_fraction(x.weight_percentage))
    ORDER BY x.weight_percentage DESC, x.sector) FILTER (WHERE x.weight_percentage IS NOT NULL), max(x.updated_at)
FROM public.fmp_etf_sector x
WHERE x.symbol = of_symbol AND x.valid_to IS NULL
$$;
