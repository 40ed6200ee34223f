-- The first and last moment of each of the given runs of FMP. An entry that a run closed keeps the run that wrote it; the time of
-- closing identifies the run that closed it.
-- Grain: one row per run. Key: run_id. Sources: task_execution_log. Units: moments in UTC.
CREATE OR REPLACE FUNCTION core.run_spans(runs uuid[])
RETURNS TABLE (run_id uuid, started_at timestamptz, completed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT t.task_id, coalesce(t.started_at, t.scheduled_at), coalesce(t.completed_at, now())
FROM public.task_execution_log t
WHERE t.task_id = ANY(runs) AND t.source = 'fmp'
$$;
