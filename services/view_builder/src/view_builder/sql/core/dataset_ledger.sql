-- What the ledger records for every dataset: first and last success, the run of the last success, counts, and whether the
-- vendor's plan excludes it. Replays do not count, because they collect nothing and their rejects were rejected before. Neither
-- do skipped units: a file that was loaded before, or a dataset outside FMP's plan.
-- Grain: one row per source and dataset. Key: source, dataset. Sources: run_unit, task_execution_log. Units: records.
CREATE OR REPLACE VIEW core.dataset_ledger AS
SELECT t.source, u.dataset, max(u.completed_at) FILTER (WHERE s.did) AS success_at,
  (array_agg(u.task_id ORDER BY u.completed_at DESC NULLS LAST) FILTER (WHERE s.did))[1] AS run_id,
  sum(u.stored_count)::bigint AS stored,
  coalesce(sum(u.rejected_count) FILTER (WHERE NOT t.parameters ? 'replay'), 0)::bigint AS rejected,
  max(u.completed_at) AS touched_at,
  max((u.progress ->> 'newest_record')::date) FILTER (WHERE t.source = 'fmp') AS newest,
  bool_and(s.left_out) FILTER (WHERE u.completed_at > now() - interval '10 days') AS is_left_out,
  min(u.completed_at) FILTER (WHERE s.did) AS first_success_at
FROM public.run_unit u
JOIN public.task_execution_log t ON t.task_id = u.task_id
CROSS JOIN LATERAL (
  SELECT NOT t.parameters ? 'replay'
      AND (u.status IN ('completed', 'partial') OR u.status = 'skipped' AND t.source = 'fundata') AS did,
    u.status = 'skipped' AND t.source = 'fmp' AS left_out
) s
WHERE t.source IN ('fmp', 'fundata') AND u.dataset <> ''
GROUP BY t.source, u.dataset;
