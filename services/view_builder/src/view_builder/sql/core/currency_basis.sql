-- The basis for the currency of a listing's payments. The vendor does not state one, so the listing's own is assumed. It is
-- doubtful if another listing of the issuer, in another currency, has an equal amount on one of the days. The amounts do not show
-- which of the two is wrong, so both are doubtful.
-- Grain: one row. Key: none. Sources: core.foreign_listings, core.dividends. Units: none.
CREATE OR REPLACE FUNCTION core.currency_basis(of_symbol text)
RETURNS TABLE (basis text, as_of timestamptz, stamp text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN count(f.dividend) > 0 THEN 'doubtful' ELSE 'assumed_listing' END, max(f.updated_at), max(f.stamp)
FROM core.foreign_listings(of_symbol) o
CROSS JOIN LATERAL (
  -- reads each listing once; a join would read one of them for every payment of the other
  SELECT e.dividend, max(e.updated_at) AS updated_at, max(e.stamp) AS stamp
  FROM (
    SELECT p.date, p.dividend, p.updated_at, core.stamp(p.updated_at, p.run_id) AS stamp
    FROM core.dividends(o.symbol, 'infinity') p
    UNION ALL
    SELECT d.date, d.dividend, NULL, NULL FROM core.dividends(of_symbol, 'infinity') d
  ) e
  GROUP BY e.date, e.dividend
  HAVING count(e.updated_at) > 0 AND count(e.updated_at) < count(*)
  OFFSET 0
) f
$$;
