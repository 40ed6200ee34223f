-- The runs that have not finished. What they stored so far is hidden, and appears as a whole when they finish.
-- Grain: one row per run. Key: run_id. Sources: task_execution_log. Units: none.
CREATE OR REPLACE VIEW core.live_runs AS
SELECT t.task_id AS run_id
FROM public.task_execution_log t
WHERE t.status IN ('queued', 'running', 'parked');
