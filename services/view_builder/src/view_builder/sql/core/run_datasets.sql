-- The result of each run of a vendor for each of its datasets, with the units of a dataset combined. A run that planned none has
-- one row without a dataset.
-- Grain: one row per run and dataset. Key: task_id, dataset. Sources: task_execution_log, run_unit. Units: records.
CREATE OR REPLACE VIEW core.run_datasets AS
SELECT t.task_id, coalesce(u.dataset, '') AS dataset, t.source, t.task_type, t.status, t.scheduled_at, t.started_at,
  t.completed_at, count(u.unit) AS units, count(u.unit) FILTER (WHERE u.status IN ('completed', 'skipped')) AS completed_units,
  sum(u.read_count)::bigint AS read, sum(u.stored_count)::bigint AS stored, sum(u.unchanged_count)::bigint AS unchanged,
  sum(u.duplicate_count)::bigint AS duplicate, sum(u.rejected_count)::bigint AS rejected,
  (array_agg(u.error ORDER BY u.ordinal, u.unit) FILTER (WHERE u.error IS NOT NULL))[1] AS error,
  coalesce(max(u.completed_at), t.completed_at, t.started_at, t.scheduled_at) AS touched_at
FROM public.task_execution_log t
LEFT JOIN public.run_unit u ON u.task_id = t.task_id AND u.dataset <> ''
WHERE t.source IN ('fmp', 'fundata')
GROUP BY t.task_id, u.dataset;
