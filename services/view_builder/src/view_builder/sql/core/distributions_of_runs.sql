-- The funds whose distributions the given runs may have changed, from the first day on which their returns may have changed. A
-- new or removed distribution may end or release a match days before it. The first version of a quote without a distribution
-- changes none. The day is a range of one day, which the planner looks up by fund, not among all funds of the day.
-- Grain: one row per fund, day and run. Key: none. Sources: fundata_quotes, fundata_data (FundDistribution). Units: days.
CREATE OR REPLACE FUNCTION core.distributions_of_runs(runs uuid[])
RETURNS TABLE (identifier text, since date, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.identifier, s.day, c.run_id
FROM (
  SELECT q.identifier, min(q.date) AS since, q.run_id
  FROM public.fundata_quotes q
  WHERE q.run_id = ANY(runs) AND (
      core.quoted_total(q.total_distribution, q.raw_json) <> 0
      OR q.data_version > 1 AND EXISTS (
        SELECT FROM public.fundata_quotes o
        WHERE o.identifier = q.identifier AND o.date BETWEEN q.date AND q.date
          AND core.quoted_total(o.total_distribution, o.raw_json) <> 0
        OFFSET 0
      )
    )
  GROUP BY q.identifier, q.run_id
  UNION ALL
  SELECT p.identifier, p.since, p.run_id FROM core.payments_of_runs(runs) p
) c
CROSS JOIN LATERAL (SELECT d.day FROM core.distribution_start(c.identifier, c.since) d OFFSET 0) s
$$;
