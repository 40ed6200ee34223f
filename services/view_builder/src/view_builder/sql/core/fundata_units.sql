-- The datasets of the finished Fundata runs.
-- Grain: one row per unit of a run. Key: none. Sources: run_unit, task_execution_log. Units: none.
CREATE OR REPLACE VIEW core.fundata_units AS
SELECT u.task_id, u.dataset
FROM public.run_unit u
JOIN public.task_execution_log t ON t.task_id = u.task_id
WHERE t.source = 'fundata' AND t.status NOT IN ('queued', 'running', 'parked') AND u.dataset <> '';
