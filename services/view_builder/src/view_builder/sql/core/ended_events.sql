-- The splits and dividends of a listing, under any of its symbols, that the vendor withdrew.
-- Grain: one row per event. Key: none. Sources: fmp_split, fmp_dividend, fmp_symbol_alias, fmp_symbol_period. Units: none.
CREATE OR REPLACE FUNCTION core.ended_events(of_symbol text)
RETURNS TABLE (date date, valid_to timestamptz, ended_run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.date, x.valid_to, x.ended_run_id
FROM core.listing_names(of_symbol) n
CROSS JOIN LATERAL (
  SELECT s.* FROM public.fmp_split s
  WHERE core.is_of_name(s.symbol, s.date, n.name, n.since, n.until) AND s.ended_run_id IS NOT NULL OFFSET 0
) x
UNION ALL
SELECT x.date, x.valid_to, x.ended_run_id
FROM core.listing_names(of_symbol) n
CROSS JOIN LATERAL (
  SELECT d.* FROM public.fmp_dividend d
  WHERE core.is_of_name(d.symbol, d.date, n.name, n.since, n.until) AND d.ended_run_id IS NOT NULL OFFSET 0
) x
$$;
