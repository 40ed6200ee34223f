-- The FundDistribution records of a fund, from a day on, that repeat a distribution of its quotes. Pairs are matched in this
-- order: the fewest days between, the quote's day, the records' day, the most records, their ids. A pair matches if its quote and
-- all its records are still free. Pairs of one day come first and need no recursion, because only their records can conflict.
-- Grain: one row. Key: none. Sources: core.distribution_pairs. Units: ids of records.
CREATE OR REPLACE FUNCTION core.repeated_payments(of_fund text, from_day date) RETURNS TABLE (records text[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH RECURSIVE pairs AS MATERIALIZED (
  SELECT p.* FROM core.distribution_pairs(of_fund, from_day) p
), of_one_day AS MATERIALIZED (
  SELECT DISTINCT ON (p.day) p.day, p.records
  FROM pairs p
  WHERE p.quoted = p.day
  ORDER BY p.day, cardinality(p.records) DESC, p.records
), others AS MATERIALIZED (
  SELECT p.quoted, p.records, row_number() OVER (
      ORDER BY abs(p.quoted - p.day), p.quoted, p.day, cardinality(p.records) DESC, p.records
    ) AS place
  FROM pairs p
  LEFT JOIN of_one_day q ON q.day = p.quoted
  LEFT JOIN of_one_day r ON r.day = p.day
  WHERE q.day IS NULL AND NOT coalesce(r.records && p.records, false)
), walk AS (
  SELECT 0::bigint AS place, '{}'::date[] AS quoted, '{}'::text[] AS records
  UNION ALL
  SELECT o.place, CASE WHEN m.is_free THEN w.quoted || o.quoted ELSE w.quoted END,
    CASE WHEN m.is_free THEN w.records || o.records ELSE w.records END
  FROM walk w
  JOIN others o ON o.place = w.place + 1
  CROSS JOIN LATERAL (SELECT o.quoted <> ALL(w.quoted) AND NOT o.records && w.records AS is_free) m
)
SELECT (SELECT w.records FROM walk w ORDER BY w.place DESC LIMIT 1)
  || ARRAY(SELECT unnest(d.records) FROM of_one_day d)
$$;
