-- The splits of a listing, including price factors, after a day until another. If the vendor delivers a day under two symbols,
-- the present symbol counts. Splits are looked up by symbol, even if the planner takes the table for small (OFFSET 0). Of a past
-- state, those that we knew at known_by.
-- Grain: one row per split. Key: date. Sources: fmp_split, fmp_symbol_alias, fmp_symbol_period. Units: shares.
CREATE OR REPLACE FUNCTION core.splits(
  of_symbol text, after_day date, until_day date, known_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  date date, numerator numeric, denominator numeric, is_price_factor boolean, updated_at timestamptz, run_id uuid
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT r.date, r.numerator, r.denominator, core.is_price_factor(r.numerator, r.denominator), r.updated_at, r.run_id
FROM (
  SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY n.until DESC NULLS FIRST) AS name_rank
  FROM core.listing_names(of_symbol) n
  CROSS JOIN LATERAL (
    SELECT s.* FROM public.fmp_split s
    WHERE core.is_of_name(s.symbol, s.date, n.name, n.since, n.until)
      AND core.is_split(core.ended_by(s.valid_from, s.valid_to, known_by), s.numerator, s.denominator)
      AND s.date > after_day AND s.date <= until_day
    OFFSET 0
  ) x
) r
WHERE r.name_rank = 1
$$;
