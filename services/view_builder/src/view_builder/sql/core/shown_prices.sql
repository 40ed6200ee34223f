-- The prices that count: those that no hidden run added. If a run corrects a row, the row carries that run's id; it existed
-- before and stays.
-- Grain: one row per symbol and session. Key: symbol, date. Sources: fmp_eod_price, task_execution_log, published_view,
-- published_run. Units: currency of the listing, as delivered.
CREATE OR REPLACE FUNCTION core.shown_prices(holder text) RETURNS SETOF public.fmp_eod_price
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.*
FROM public.fmp_eod_price p
WHERE p.run_id NOT IN (SELECT h.run_id FROM core.hidden_runs(holder) h)
  OR EXISTS (
    SELECT FROM public.task_execution_log t
    WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0
  )
$$;
