-- The runs whose new closes do not count yet: live ones, and those that ended since and are not in the view that is named;
-- without a view only live ones. All that ended before settled_until are in the view, so that this looks at a few rows of the
-- ledger; the bound above and OFFSET show the planner that they are few.
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
