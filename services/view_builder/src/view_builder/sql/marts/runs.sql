-- What each run of a vendor collected and failed to collect, by dataset, which explains gaps. Old runs are archived.
-- Grain: one row per run and dataset. Key: task_id, dataset. Sources: task_execution_log, run_unit. Units: records.
-- name: rows
SELECT r.task_id, r.dataset, r.source, r.task_type, r.status AS run_status, r.scheduled_at, r.started_at, r.completed_at,
  r.units AS unit_count, r.completed_units AS completed_unit_count, r.read AS read_count, r.stored AS stored_count,
  r.unchanged AS unchanged_count, r.duplicate AS duplicate_count, r.rejected AS rejected_count, r.error AS run_error,
  r.touched_at AS as_of, r.task_id AS last_run_id
FROM core.run_datasets r;
-- name: example
SELECT r.dataset, r.run_status, r.completed_at, r.stored_count, r.rejected_count
FROM sra.runs r
ORDER BY r.scheduled_at DESC, r.dataset LIMIT 50;
