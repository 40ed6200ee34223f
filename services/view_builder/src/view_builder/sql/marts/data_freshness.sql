-- The freshness of the data: of each dataset against the market's calendar, and of each view with its newest build. A dataset
-- without any data counts at most the sessions of 90 days as missing.
-- Grain: one row per source and dataset, or view, and one for the lake. Key: source, dataset. Sources: run_unit,
-- task_execution_log, ledger_archive, expected_dataset, market_session, fmp_call, published_view, published_run, lake_build.
-- Units: records; sessions; moments in UTC.
-- name: rows
WITH facts AS (
  SELECT source, dataset, l.success_at, l.run_id, l.stored, l.rejected, l.touched_at, l.is_left_out, l.first_success_at,
    x.cadence, x.exchange, x.by_records, x.delay, x.allowed, x.expected_since,
    CASE
      WHEN source = 'fundata' THEN (SELECT max(r.newest_record) FROM sra.run_contents r WHERE r.dataset = l.dataset)
      WHEN dataset = 'quote'
        THEN (SELECT (max(q.quoted_at) AT TIME ZONE 'America/New_York')::date FROM sra.latest_quote q)
      WHEN dataset IN ('eod_prices', 'index_prices', 'exchange_rates', 'treasury_rates')
        THEN (SELECT d.newest FROM core.newest_days d WHERE d.dataset = coalesce(l.dataset, x.dataset))
      ELSE coalesce(l.newest, l.success_at::date)
    END AS newest_record
  FROM core.dataset_ledger l
  FULL JOIN core.expected_datasets x USING (source, dataset)
)
SELECT f.source, f.dataset, f.newest_record, f.success_at AS last_success_at,
  coalesce(f.stored, 0) + coalesce(a.stored, 0) AS rows_stored,
  coalesce(f.rejected, 0) + coalesce(a.rejected, 0) AS rows_rejected,
  CASE WHEN f.by_records THEN e.expected_record END AS expected_record, e.expected_at,
  CASE WHEN e.due > 0 THEN greatest(e.missing - f.allowed, 0) END AS lag_sessions,
  CASE WHEN e.due > 0 THEN e.missing > f.allowed END AS is_late,
  (SELECT max(p.published_at) FROM core.published_runs p WHERE p.run_id = f.run_id) AS published_at,
  NULL::text AS error, coalesce(f.touched_at, f.expected_since, now()) AS as_of, f.run_id AS last_run_id, f.cadence,
  CASE WHEN e.missing > f.allowed THEN e.late_since END AS late_since, CASE
    WHEN f.source = 'fundata' THEN least(f.first_success_at, a.first_success_at)
    -- only the newest state of quotes is kept
    WHEN f.dataset <> 'quote' AND coalesce(f.first_success_at, a.first_success_at) IS NOT NULL AND k.moment IS NOT NULL
      THEN greatest(least(f.first_success_at, a.first_success_at), k.moment)
  END AS point_in_time_since
FROM facts f
CROSS JOIN core.kept_since k
LEFT JOIN core.dataset_archive a ON a.source = f.source AND a.dataset = f.dataset
LEFT JOIN LATERAL (
  SELECT (array_agg(m.session_date ORDER BY m.session_date DESC))[1 + f.allowed] AS expected_record,
    (array_agg(m.close_at + f.delay ORDER BY m.session_date DESC))[1 + f.allowed] AS expected_at, count(*) AS due,
    count(*) FILTER (WHERE m.is_missing) AS missing,
    (array_agg(m.close_at + f.delay ORDER BY m.session_date) FILTER (WHERE m.is_missing))[1 + f.allowed] AS late_since
  FROM (
    SELECT s.session_date, s.close_at, CASE
        WHEN f.success_at IS NULL THEN s.close_at > f.expected_since
        WHEN f.by_records THEN f.newest_record IS NULL OR s.session_date > f.newest_record
        ELSE s.close_at > f.success_at
      END AS is_missing
    FROM core.market_sessions s
    WHERE s.exchange = f.exchange AND s.session_date > current_date - 90 AND s.close_at + f.delay <= now()
  ) m
  WHERE NOT coalesce(f.is_left_out, false)
) e ON true
UNION ALL
SELECT 'views', v.relation, v.newest_at::date, v.built_at, v.row_count, NULL, NULL, NULL, NULL,
  v.failed_at IS NOT NULL, v.built_at, v.error, coalesce(v.built_at, now()), v.build_id, NULL, v.failed_at, NULL
FROM core.published_views v
UNION ALL
SELECT 'lake', 'builds', l.snapshot_at::date, l.published_at, l.row_count, NULL, NULL, NULL, NULL,
  coalesce(l.behind_since < now() - interval '1 hour', false), l.published_at, NULL, coalesce(l.published_at, l.behind_since),
  l.run_id, NULL, CASE WHEN l.behind_since < now() - interval '1 hour' THEN l.behind_since END, NULL
FROM core.lake_state l;
-- name: example
SELECT f.source, f.dataset, f.newest_record, f.expected_record, f.is_late FROM sra.data_freshness f
ORDER BY f.is_late DESC, f.source, f.dataset;
