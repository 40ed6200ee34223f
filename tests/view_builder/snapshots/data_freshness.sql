-- data_freshness, digest 92c81ffdcbc5c42a932b983119dd411e;

CREATE OR REPLACE VIEW sra.data_freshness AS
SELECT
  q.source::text,
  q.dataset::text,
  q.newest_record::date,
  q.last_success_at::timestamp with time zone,
  q.rows_stored::bigint,
  q.rows_rejected::bigint,
  q.expected_record::date,
  q.expected_at::timestamp with time zone,
  q.lag_sessions::bigint,
  q.is_late::boolean,
  q.published_at::timestamp with time zone,
  q.error::text,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
WITH ledger AS (
  SELECT t.source, u.dataset, max(u.completed_at) FILTER (WHERE u.status IN ('completed', 'partial', 'skipped')) AS success_at,
    (array_agg(u.task_id ORDER BY u.completed_at DESC NULLS LAST)
      FILTER (WHERE u.status IN ('completed', 'partial', 'skipped')))[1] AS run_id,
    sum(u.stored_count)::bigint AS stored, sum(u.rejected_count)::bigint AS rejected, max(u.completed_at) AS touched_at
  FROM public.run_unit u JOIN public.task_execution_log t ON t.task_id = u.task_id
  WHERE t.source IN ('fmp', 'fundata') AND u.dataset <> ''
  GROUP BY t.source, u.dataset
), archived AS (
  SELECT source, dataset, sum(stored_count)::bigint AS stored, sum(rejected_count)::bigint AS rejected
  FROM public.ledger_archive WHERE dataset <> '' GROUP BY source, dataset
), facts AS (
  SELECT l.*, CASE
      WHEN l.source = 'fundata' THEN (SELECT max(r.newest_record) FROM sra.run_contents r WHERE r.dataset = l.dataset)
      WHEN l.dataset = 'quote' THEN (SELECT (max(q.quoted_at) AT TIME ZONE 'America/New_York')::date FROM sra.latest_quote q)
      WHEN l.dataset = 'eod_prices' THEN (SELECT max(p.date) FROM public.fmp_eod_price p)
      WHEN l.dataset = 'index_prices' THEN (SELECT max(i.date) FROM public.fmp_index_price i)
      WHEN l.dataset = 'treasury_rates' THEN (SELECT max(r.date) FROM public.fmp_treasury_rate r)
      ELSE l.success_at::date END AS newest_record
  FROM ledger l
)
SELECT f.source, f.dataset, f.newest_record, f.success_at AS last_success_at,
  f.stored + coalesce(a.stored, 0) AS rows_stored, f.rejected + coalesce(a.rejected, 0) AS rows_rejected,
  e.expected_record, e.expected_at,
  CASE WHEN e.expected_record IS NOT NULL THEN e.late END AS lag_sessions,
  CASE WHEN e.late > 0 THEN true WHEN e.expected_record IS NOT NULL THEN false END AS is_late,
  (SELECT max(p.published_at) FROM public.published_run p WHERE p.run_id = f.run_id) AS published_at, NULL::text AS error,
  coalesce(f.touched_at, now()) AS as_of, f.run_id AS last_run_id
FROM facts f
LEFT JOIN archived a ON a.source = f.source AND a.dataset = f.dataset
LEFT JOIN (VALUES ('fmp', 'quote', 'NYSE', interval '6 hours'), ('fmp', 'eod_prices', 'NYSE', interval '6 hours'),
        ('fmp', 'index_prices', 'NYSE', interval '6 hours'), ('fmp', 'treasury_rates', 'NYSE', interval '30 hours'),
        ('fundata', 'FundDailyNAVPS', 'TSX', interval '14 hours')) AS c (source, dataset, exchange, delay) ON c.source = f.source AND c.dataset = f.dataset
LEFT JOIN LATERAL (
  SELECT max(m.session_date) AS expected_record, max(m.close_at) + c.delay AS expected_at,
    count(*) FILTER (WHERE f.newest_record IS NULL OR m.session_date > f.newest_record) AS late
  FROM public.market_session m WHERE m.exchange = c.exchange AND m.close_at + c.delay <= now()
) e ON true
UNION ALL
SELECT 'views', v.relation, v.newest_at::date, v.built_at, v.row_count, NULL, NULL, NULL, NULL, v.failed_at IS NOT NULL,
  v.built_at, v.error, coalesce(v.built_at, now()), v.build_id
FROM public.published_view v
) q;

COMMENT ON VIEW sra.data_freshness IS 'One row per source and dataset, and one per view: newest record, last success, rows, rejects, lag, build. The lag counts sessions of the market''s calendar (NYSE, TSX) that closed longer ago than the vendor takes (prices 6 hours, treasury rates 30, NAVPS 14) and that are newer than the newest record. A view''s row tells its build: when and by which run it was published, and what its newest build failed of, if it did. Source: specification, section 5.';

COMMENT ON COLUMN sra.data_freshness.source IS 'Vendor, or views.';

COMMENT ON COLUMN sra.data_freshness.dataset IS 'Dataset, or view.';

COMMENT ON COLUMN sra.data_freshness.newest_record IS 'Newest day that a record is about; for lists, the day of the last success.';

COMMENT ON COLUMN sra.data_freshness.last_success_at IS 'When it was last loaded, or built, with success.';

COMMENT ON COLUMN sra.data_freshness.rows_stored IS 'Records stored since ever; for a view, the rows that it holds.';

COMMENT ON COLUMN sra.data_freshness.rows_rejected IS 'Records rejected since ever.';

COMMENT ON COLUMN sra.data_freshness.expected_record IS 'Newest day that should be there by now; none without a calendar.';

COMMENT ON COLUMN sra.data_freshness.expected_at IS 'Since when it should.';

COMMENT ON COLUMN sra.data_freshness.lag_sessions IS 'Sessions that should be there and are not. Unit: sessions.';

COMMENT ON COLUMN sra.data_freshness.is_late IS 'Whether something is missing, or the newest build failed.';

COMMENT ON COLUMN sra.data_freshness.published_at IS 'When the last run, or the view, was published.';

COMMENT ON COLUMN sra.data_freshness.error IS 'Why the newest build of the view failed; none where it did not.';

COMMENT ON COLUMN sra.data_freshness.as_of IS 'When this row''s facts last changed, in UTC.';

COMMENT ON COLUMN sra.data_freshness.last_run_id IS 'The last run with success; for a view, its build.';
