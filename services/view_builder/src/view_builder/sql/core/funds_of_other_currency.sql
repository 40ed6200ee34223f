-- The funds whose currency the given runs may have changed. The former currency is in the versions that the runs superseded.
-- Grain: one row per fund. Key: identifier. Sources: fundata_data (FundGeneral), fundata_data_superseded. Units: none.
CREATE OR REPLACE FUNCTION core.funds_of_other_currency(runs uuid[]) RETURNS TABLE (identifier text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH written AS (
  SELECT r.identifier, r.run_id, coalesce(r.currency, '') AS currency, core.is_active(r.record_state) AS active
  FROM public.fundata_data r
  WHERE r.run_id = ANY(runs) AND r.dataset = 'FundGeneral'
), states AS (
  SELECT w.*, true AS is_new FROM written w
  UNION ALL
  SELECT o.identifier, x.run_id, coalesce(o.currency, ''), core.is_active(o.record_state), false
  FROM (SELECT DISTINCT w.identifier FROM written w) w
  JOIN public.fundata_data o ON o.identifier = w.identifier AND o.dataset = 'FundGeneral'
  JOIN public.fundata_data_superseded x
    ON x.identifier = o.identifier AND x.dataset = o.dataset AND x.record_id = o.record_id
    AND x.data_version = o.data_version
  WHERE x.run_id = ANY(runs)
)
SELECT s.identifier, min(s.run_id::text)::uuid
FROM states s
GROUP BY s.identifier
HAVING count(DISTINCT s.currency) > 1 OR NOT bool_and(s.active) OR bool_and(s.is_new)
$$;
