-- The portfolio of a fund by asset class, region and so on. Each type shows the parts of its own newest day, because the types
-- are delivered on different days. In one language, English before French.
-- Grain: one row. Key: none. Sources: core.fundata_data_latest (FundAllocation). Units: fraction of the fund.
CREATE OR REPLACE FUNCTION core.fund_allocations(of_fund text)
RETURNS TABLE (day date, items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH held AS (
  SELECT d.*, lower(coalesce(d.language, '')) AS spoken
  FROM core.fundata_data_latest d
  WHERE d.identifier = of_fund AND d.dataset = 'FundAllocation'
), newest AS (
  SELECT h.allocation_type AS type, max(h.allocation_date) AS day, max(h.processed_at) AS stored
  FROM held h
  GROUP BY h.allocation_type
)
SELECT max(n.day), jsonb_agg(jsonb_build_object(
    'type', h.allocation_type, 'name', h.allocation_name,
    'weight',
    core.percent_as_fraction(core.exact(h.allocation_value, h.raw_json, 'AllocationValue', 'allocation_value')),
    'date', h.allocation_date
  ) ORDER BY n.type, h.record_id), max(n.stored)
FROM newest n
JOIN held h ON h.allocation_type IS NOT DISTINCT FROM n.type AND h.allocation_date IS NOT DISTINCT FROM n.day
WHERE h.row_ordinal = 0 AND h.spoken = (
    SELECT min(o.spoken) FROM held o
    WHERE o.allocation_type IS NOT DISTINCT FROM n.type AND o.allocation_date IS NOT DISTINCT FROM n.day
  )
$$;
