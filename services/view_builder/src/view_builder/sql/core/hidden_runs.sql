-- The runs whose new closes do not count yet: live runs and, if a view is named, runs that have finished but are not in that
-- view. All runs that finished before settled_until are in the view, so only a few rows of the ledger are read; the upper bound
-- and OFFSET show the planner that they are few.
-- Grain: one row per run. Key: run_id. Sources: task_execution_log, published_view, published_run. Units: none.
CREATE OR REPLACE FUNCTION core.hidden_runs(holder text) RETURNS TABLE (run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT l.run_id FROM core.live_runs l
UNION ALL
SELECT t.task_id
FROM public.task_execution_log t
WHERE holder IS NOT NULL AND t.source = 'fmp' AND t.completed_at < now() + interval '1 day'
  AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = holder), '-infinity'
  )
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = holder OFFSET 0
  )
$$;
