-- data_freshness, digest 61c637d0dd17f34b770c512793b828c0;

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
  q.last_run_id::uuid,
  q.cadence::text,
  q.late_since::timestamp with time zone
FROM (
WITH ledger AS (
  SELECT t.source, u.dataset, max(u.completed_at) FILTER (WHERE s.did) AS success_at,
    (array_agg(u.task_id ORDER BY u.completed_at DESC NULLS LAST) FILTER (WHERE s.did))[1] AS run_id,
    sum(u.stored_count)::bigint AS stored,
    -- a replay collects nothing, and what it leaves was rejected before
    coalesce(sum(u.rejected_count) FILTER (WHERE NOT t.parameters ? 'replay'), 0)::bigint AS rejected,
    max(u.completed_at) AS touched_at,
    max((u.progress ->> 'newest_record')::date) FILTER (WHERE t.source = 'fmp') AS newest,
    bool_and(s.left_out) FILTER (WHERE u.completed_at > now() - interval '10 days') AS is_left_out
  FROM public.run_unit u JOIN public.task_execution_log t ON t.task_id = u.task_id
  CROSS JOIN LATERAL (
    -- a file that was loaded before is skipped; a dataset outside FMP's plan is skipped too, and was not collected
    SELECT NOT t.parameters ? 'replay'
        AND (u.status IN ('completed', 'partial') OR u.status = 'skipped' AND t.source = 'fundata') AS did,
      u.status = 'skipped' AND t.source = 'fmp' AS left_out
  ) s
  WHERE t.source IN ('fmp', 'fundata') AND u.dataset <> ''
  GROUP BY t.source, u.dataset
), archived AS (
  SELECT source, dataset, sum(stored_count)::bigint AS stored, sum(rejected_count)::bigint AS rejected
  FROM public.ledger_archive WHERE dataset <> '' GROUP BY source, dataset
), facts AS (
  SELECT source, dataset, l.success_at, l.run_id, l.stored, l.rejected, l.touched_at, l.is_left_out,
    x.cadence, x.exchange, x.by_records, x.delay_seconds * interval '1 second' AS delay, x.allowed_sessions AS allowed,
    x.created_at AS expected_since,
    CASE
      WHEN source = 'fundata' THEN (SELECT max(r.newest_record) FROM sra.run_contents r WHERE r.dataset = l.dataset)
      WHEN dataset = 'quote' THEN (SELECT (max(q.quoted_at) AT TIME ZONE 'America/New_York')::date FROM sra.latest_quote q)
      WHEN dataset = 'eod_prices' THEN (SELECT max(p.date) FROM public.fmp_eod_price p)
      WHEN dataset = 'index_prices' THEN (SELECT max(i.date) FROM public.fmp_index_price i)
      WHEN dataset = 'exchange_rates' THEN (SELECT max(e.date) FROM public.fmp_exchange_rate e)
      WHEN dataset = 'treasury_rates' THEN (SELECT max(r.date) FROM public.fmp_treasury_rate r)
      ELSE coalesce(l.newest, l.success_at::date) END AS newest_record
  FROM ledger l FULL JOIN public.expected_dataset x USING (source, dataset)
)
SELECT f.source, f.dataset, f.newest_record, f.success_at AS last_success_at,
  coalesce(f.stored, 0) + coalesce(a.stored, 0) AS rows_stored,
  coalesce(f.rejected, 0) + coalesce(a.rejected, 0) AS rows_rejected,
  CASE WHEN f.by_records THEN e.expected_record END AS expected_record, e.expected_at,
  CASE WHEN e.due > 0 THEN greatest(e.missing - f.allowed, 0) END AS lag_sessions,
  CASE WHEN e.due > 0 THEN e.missing > f.allowed END AS is_late,
  (SELECT max(p.published_at) FROM public.published_run p WHERE p.run_id = f.run_id) AS published_at, NULL::text AS error,
  coalesce(f.touched_at, f.expected_since, now()) AS as_of, f.run_id AS last_run_id,
  f.cadence, CASE WHEN e.missing > f.allowed THEN e.late_since END AS late_since
FROM facts f
LEFT JOIN archived a ON a.source = f.source AND a.dataset = f.dataset
LEFT JOIN LATERAL (
  SELECT (array_agg(m.session_date ORDER BY m.session_date DESC))[1 + f.allowed] AS expected_record,
    (array_agg(m.close_at + f.delay ORDER BY m.session_date DESC))[1 + f.allowed] AS expected_at,
    count(*) AS due, count(*) FILTER (WHERE m.is_missing) AS missing,
    (array_agg(m.close_at + f.delay ORDER BY m.session_date) FILTER (WHERE m.is_missing))[1 + f.allowed] AS late_since
  FROM (
    SELECT s.session_date, s.close_at, CASE
        WHEN f.success_at IS NULL THEN s.close_at > f.expected_since
        WHEN f.by_records THEN f.newest_record IS NULL OR s.session_date > f.newest_record
        ELSE s.close_at > f.success_at END AS is_missing
    FROM public.market_session s
    WHERE s.exchange = f.exchange AND s.session_date > current_date - 90 AND s.close_at + f.delay <= now()
  ) m
  WHERE NOT coalesce(f.is_left_out, false)
) e ON true
UNION ALL
SELECT 'views', v.relation, v.newest_at::date, v.built_at, v.row_count, NULL, NULL, NULL, NULL, v.failed_at IS NOT NULL,
  v.built_at, v.error, coalesce(v.built_at, now()), v.build_id, NULL, v.failed_at
FROM public.published_view v
) q;

COMMENT ON VIEW sra.data_freshness IS 'One row per source and dataset, and one per view: newest record, last success, rows, rejects, lag, build. Datasets that a service collects are there before anything of them was loaded. The lag counts sessions of the market''s calendar (NYSE, TSX) that closed longer ago than the vendor takes (prices 6 hours, treasury and exchange rates 30, NAVPS 14) and that are newer than the newest record, beyond those that the cadence allows (daily none, weekly 5, monthly 33). Where records are of no day, sessions count that closed more than 26 hours ago and after the last success. A view''s row tells its build: when and by which run it was published, and what its newest build failed of, if it did. Source: specification, section 5.';

COMMENT ON COLUMN sra.data_freshness.source IS 'Vendor, or views.';

COMMENT ON COLUMN sra.data_freshness.dataset IS 'Dataset, or view.';

COMMENT ON COLUMN sra.data_freshness.newest_record IS 'Newest day that a record is about, announced ones left out; for lists, the day of the last success.';

COMMENT ON COLUMN sra.data_freshness.last_success_at IS 'When it was last loaded, or built, with success.';

COMMENT ON COLUMN sra.data_freshness.rows_stored IS 'Records stored since ever; for a view, the rows that it holds.';

COMMENT ON COLUMN sra.data_freshness.rows_rejected IS 'Records rejected since ever.';

COMMENT ON COLUMN sra.data_freshness.expected_record IS 'Newest day that should be there by now; none where records are of no day, or nothing is expected.';

COMMENT ON COLUMN sra.data_freshness.expected_at IS 'Since when it should, or should have been collected anew.';

COMMENT ON COLUMN sra.data_freshness.lag_sessions IS 'Sessions that should be there and are not. Unit: sessions.';

COMMENT ON COLUMN sra.data_freshness.is_late IS 'Whether something is missing, or the newest build failed.';

COMMENT ON COLUMN sra.data_freshness.published_at IS 'When the last run, or the view, was published.';

COMMENT ON COLUMN sra.data_freshness.error IS 'Why the newest build of the view failed; none where it did not.';

COMMENT ON COLUMN sra.data_freshness.as_of IS 'When this row''s facts last changed, in UTC.';

COMMENT ON COLUMN sra.data_freshness.last_run_id IS 'The last run with success; for a view, its build.';

COMMENT ON COLUMN sra.data_freshness.cadence IS 'How often new data are expected: daily, weekly or monthly; none where they are not, as of seeds.';

COMMENT ON COLUMN sra.data_freshness.late_since IS 'Since when it is late: when the first of what is missing was expected, or the build failed.';
