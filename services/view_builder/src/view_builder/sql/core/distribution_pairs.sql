-- The quotes and FundDistribution records of a fund, from a day on, that may be the same distribution. They are at most five
-- sessions apart, with the same total and the same amount in each part that both state. Records of one day are also combined,
-- because a quote states the sum of its day.
-- Grain: one row per quote and set of records. Key: quoted, records. Sources: core.quoted_distributions, core.fund_payments.
-- Units: days.
CREATE OR REPLACE FUNCTION core.distribution_pairs(of_fund text, from_day date)
RETURNS TABLE (quoted date, day date, records text[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH paid AS (
  SELECT p.* FROM core.fund_payments(of_fund) p WHERE p.date >= from_day AND p.amount <> 0
)
SELECT q.date, r.day, r.records
FROM (
  SELECT p.date AS day, p.amount, p.parts, ARRAY[p.record_id] AS records FROM paid p
  UNION ALL
  SELECT p.date, sum(p.amount),
    ARRAY[sum(p.parts[1]), sum(p.parts[2]), sum(p.parts[3]), sum(p.parts[4]), sum(p.parts[5])],
    array_agg(p.record_id ORDER BY p.record_id)
  FROM paid p
  GROUP BY p.date
  HAVING count(*) > 1
) r
CROSS JOIN LATERAL (
  SELECT o.* FROM core.quoted_distributions(of_fund, greatest(from_day, r.day - 9), r.day + 9) o OFFSET 0
) q
WHERE core.are_close_days(q.date, r.day) AND q.total = r.amount
  AND NOT EXISTS (SELECT FROM unnest(q.parts, r.parts) u (quoted, told) WHERE u.quoted <> u.told)
$$;
