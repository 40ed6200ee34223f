-- The newest day among the records of a dataset that a Fundata run stored, and the moment at which it stored the last of them. If
-- it stored none, the moment is the end of the run. No row if the run is no longer in the ledger.
-- Grain: at most one row. Key: none. Sources: fundata_quotes, fundata_data, task_execution_log. Units: date; moment in UTC.
CREATE OR REPLACE FUNCTION core.newest_of_run(of_run uuid, of_dataset text)
RETURNS TABLE (newest_record date, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT n.newest, coalesce(n.processed_at, t.completed_at, now())
FROM public.task_execution_log t
CROSS JOIN LATERAL (
  SELECT max(x.newest) AS newest, max(x.processed_at) AS processed_at
  FROM (
    SELECT max(q.date) AS newest, max(q.processed_at) AS processed_at
    FROM public.fundata_quotes q
    WHERE of_dataset IN ('FundDailyNAVPS', 'Pricing') AND q.run_id = of_run AND q.dataset = of_dataset
    UNION ALL
    SELECT max(coalesce(d.date, d.month_end_date, d.allocation_date, d.expense_date, d.change_date)), max(d.processed_at)
    FROM public.fundata_data d
    WHERE of_dataset NOT IN ('FundDailyNAVPS', 'Pricing') AND d.run_id = of_run AND d.dataset = of_dataset
  ) x
) n
WHERE t.task_id = of_run
$$;
