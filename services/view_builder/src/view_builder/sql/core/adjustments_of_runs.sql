-- The listings whose adjustment factors the given runs change, through events, names or closes. A close determines how the
-- dividends shortly before it are reinvested, and an announced event takes effect with it. A dividend that is not reinvested
-- counts from its first close within a year, which may be stored late; the runs may have stored it unless an earlier close
-- exists.
-- Grain: one row per listing and cause. Key: none. Sources: core.closes_of_runs, core.events_of_runs, core.names_of_runs,
-- core.closes_between, fmp_split, fmp_dividend, sra.price_adjustment. Units: none.
CREATE OR REPLACE FUNCTION core.adjustments_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.symbol, c.run_id
FROM core.closes_of_runs(runs) c
WHERE EXISTS (
  SELECT FROM core.listing_names(c.symbol) n
  CROSS JOIN LATERAL (
    SELECT s.date FROM public.fmp_split s
    WHERE core.is_of_name(s.symbol, s.date, n.name, n.since, n.until)
      AND core.is_split(s.valid_to, s.numerator, s.denominator)
    UNION ALL
    SELECT d.date FROM public.fmp_dividend d
    WHERE core.is_of_name(d.symbol, d.date, n.name, n.since, n.until) AND core.is_dividend(d.valid_to, d.dividend)
  ) x
  WHERE x.date <= c.last_day AND (
    x.date >= c.first_day - 7
    OR NOT EXISTS (
      SELECT FROM sra.price_adjustment a
      WHERE a.symbol = c.symbol AND a.ex_date = x.date
        AND (
          a.reinvestment_date IS NOT NULL OR a.ex_date < c.first_day - 366
          OR EXISTS (SELECT FROM core.closes_between(c.symbol, x.date, c.first_day - 1))
        )
    )
  )
)
UNION ALL
SELECT e.symbol, e.run_id FROM core.events_of_runs(runs) e
UNION ALL
SELECT n.symbol, n.run_id FROM core.names_of_runs(runs) n
$$;
