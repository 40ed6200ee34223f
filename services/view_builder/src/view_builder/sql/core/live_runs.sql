-- The runs that are not over: what they stored so far does not show, and shows all at once with their end.
-- Grain: one row per run. Key: run_id. Sources: task_execution_log. Units: none.
CREATE OR REPLACE VIEW core.live_runs AS
SELECT t.task_id AS run_id
FROM public.task_execution_log t
WHERE t.status IN ('queued', 'running', 'parked');
