-- The splits and dividends of a listing by day, including announced ones; the payments of a day are summed.
-- Grain: one row per day with an event. Key: date. Sources: core.splits, core.dividends.
-- Units: currency of the listing; split_ratio divides prices, share_ratio is new shares for one old; both 1 without a split.
CREATE OR REPLACE FUNCTION core.event_days(of_symbol text, known_by timestamptz DEFAULT 'infinity')
RETURNS TABLE (
  date date, kind text, numerator numeric, denominator numeric, split_ratio numeric, share_ratio numeric,
  dividend numeric, stamp text
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(p.date, d.date),
  CASE p.is_price_factor WHEN true THEN 'price_factor' WHEN false THEN 'split' END, p.numerator, p.denominator,
  coalesce(core.quotient(p.numerator, p.denominator), 1),
  CASE WHEN p.is_price_factor THEN 1 ELSE coalesce(core.quotient(p.numerator, p.denominator), 1) END, d.dividend,
  greatest(core.stamp(p.updated_at, p.run_id), d.stamp)
FROM core.splits(of_symbol, '-infinity', 'infinity', known_by) p
FULL JOIN (
  SELECT x.date, sum(x.dividend) AS dividend, max(core.stamp(x.updated_at, x.run_id)) AS stamp
  FROM core.dividends(of_symbol, 'infinity', known_by) x
  GROUP BY x.date
) d ON d.date = p.date
$$;
