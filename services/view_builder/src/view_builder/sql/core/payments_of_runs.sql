-- The funds whose distributions the given runs wrote, from the first day in any version of them, because a distribution may have
-- moved.
-- Grain: one row per fund and run. Key: identifier, run_id. Sources: fundata_data (FundDistribution). Units: days.
CREATE OR REPLACE FUNCTION core.payments_of_runs(runs uuid[]) RETURNS TABLE (identifier text, since date, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT o.identifier, min(o.date), w.run_id
FROM (
  SELECT DISTINCT d.identifier, d.record_id, d.run_id
  FROM core.fund_records_of_runs(runs, ARRAY['FundDistribution']) d
) w
JOIN public.fundata_data o
  ON o.identifier = w.identifier AND o.dataset = 'FundDistribution' AND o.record_id = w.record_id
GROUP BY o.identifier, w.run_id
$$;
