-- run_contents, digest 63fdd7124e79a99e0a9cb9f24f01af9f;

CREATE TABLE published.run_contents (
  task_id uuid,
  dataset text,
  newest_record date,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_run_contents_416a9528 ON published.run_contents (task_id, dataset);

-- every scope
SELECT u.task_id, u.dataset FROM 
public.run_unit u JOIN public.task_execution_log t ON t.task_id = u.task_id
WHERE t.source = 'fundata' AND t.status NOT IN ('queued', 'running', 'parked') AND u.dataset <> '';

-- scopes that the runs $1 touched
SELECT u.task_id, u.dataset, u.task_id AS run_id FROM 
public.run_unit u JOIN public.task_execution_log t ON t.task_id = u.task_id
WHERE t.source = 'fundata' AND t.status NOT IN ('queued', 'running', 'parked') AND u.dataset <> ''
 AND t.task_id = ANY($1::uuid[]);

-- rows of the scopes in `scope`
SELECT
  q.task_id::uuid,
  q.dataset::text,
  q.newest_record::date,
  q.as_of::timestamp with time zone
FROM (
SELECT s.task_id, s.dataset, n.newest_record, coalesce(n.processed_at, t.completed_at, now()) AS as_of
            FROM scope s JOIN public.task_execution_log t ON t.task_id = s.task_id
            CROSS JOIN LATERAL (
              SELECT max(x.newest) AS newest_record, max(x.processed_at) AS processed_at FROM (
                SELECT max(q.date) AS newest, max(q.processed_at) AS processed_at FROM public.fundata_quotes q
                WHERE s.dataset IN ('FundDailyNAVPS', 'Pricing') AND q.run_id = s.task_id AND q.dataset = s.dataset
                UNION ALL
                SELECT max(coalesce(d.date, d.month_end_date, d.allocation_date, d.expense_date, d.change_date)),
                  max(d.processed_at)
                FROM public.fundata_data d
                WHERE s.dataset NOT IN ('FundDailyNAVPS', 'Pricing') AND d.run_id = s.task_id AND d.dataset = s.dataset
              ) x
            ) n
) q;

CREATE OR REPLACE VIEW sra.run_contents AS
SELECT task_id, dataset, newest_record, as_of, last_run_id
FROM published.run_contents;

COMMENT ON VIEW sra.run_contents IS 'Per ended Fundata run and dataset, the newest day among the records that the run stored; data_freshness reads it. Kept by run, so that telling how new a dataset is never means going through all of it.';

COMMENT ON COLUMN sra.run_contents.task_id IS 'The run.';

COMMENT ON COLUMN sra.run_contents.dataset IS 'Dataset of the catalogue.';

COMMENT ON COLUMN sra.run_contents.newest_record IS 'Newest day that a stored record is about, else its ChangeDate.';

COMMENT ON COLUMN sra.run_contents.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.run_contents.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
