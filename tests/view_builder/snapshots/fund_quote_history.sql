-- fund_quote_history, digest 30a74ed0c56294b7537c97941cf9ef88;

CREATE TABLE published.fund_quote_history (
  identifier text,
  date date,
  dataset text,
  navps numeric,
  currency text,
  change numeric,
  change_percent numeric,
  previous_date date,
  previous_navps numeric,
  distribution numeric,
  split_factor numeric,
  price_return numeric,
  total_return numeric,
  adjustment_factor numeric,
  as_of timestamp with time zone,
  last_run_id uuid,
  stored_at timestamp with time zone
);

CREATE UNIQUE INDEX ix_fund_quote_history_d6bbbf22 ON published.fund_quote_history (identifier, date);

CREATE INDEX ix_fund_quote_history_25732718 ON published.fund_quote_history (date);

-- every scope
SELECT identifier FROM public.fundata_quotes;

-- scopes that the runs $1 touched
SELECT identifier, min(date) AS since, run_id FROM public.fundata_quotes WHERE run_id = ANY($1::uuid[]) GROUP BY identifier, run_id;

-- scopes that the runs $1 touched
SELECT o.identifier, min(o.date) AS since, w.run_id
FROM (SELECT DISTINCT identifier, record_id, run_id FROM public.fundata_data
      WHERE run_id = ANY($1::uuid[]) AND dataset = 'FundDistribution') w
JOIN public.fundata_data o ON o.identifier = w.identifier AND o.dataset = 'FundDistribution' AND o.record_id = w.record_id
GROUP BY o.identifier, w.run_id;

-- scopes that the runs $1 touched
SELECT c.identifier, '-infinity'::date AS since, c.run_id FROM (
SELECT 'fundata' AS source, identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset = 'FundGeneral'
) c
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = c.identifier
CROSS JOIN LATERAL (
  SELECT k.currency FROM published.fund_quote_history k WHERE k.identifier = c.identifier ORDER BY k.date DESC LIMIT 1
) k
WHERE k.currency IS DISTINCT FROM m.currency;

-- rows of the scopes in `scope`
SELECT
  q.identifier::text,
  q.date::date,
  q.dataset::text,
  q.navps::numeric,
  q.currency::text,
  q.change::numeric,
  q.change_percent::numeric,
  q.previous_date::date,
  q.previous_navps::numeric,
  q.distribution::numeric,
  q.split_factor::numeric,
  q.price_return::numeric,
  q.total_return::numeric,
  q.adjustment_factor::numeric,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid,
  q.stored_at::timestamp with time zone
FROM (
WITH start AS (
  SELECT s.identifier, s.since, p.date AS base, p.adjustment_factor AS base_factor, coalesce(p.date, s.since) AS start,
    m.currency
  FROM scope s
  LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
  LEFT JOIN LATERAL (
    SELECT p.date, p.adjustment_factor FROM published.fund_quote_history p
    WHERE p.identifier = s.identifier AND p.date < s.since AND round(p.navps, 40) > 0 ORDER BY p.date DESC LIMIT 1
  ) p ON true
), records AS MATERIALIZED (SELECT r.* FROM start s CROSS JOIN LATERAL (
  SELECT q.identifier, q.date, q.dataset, CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) < 100 AND coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END AS navps,
    CASE WHEN q.navps_penny_change IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change')) < 100 AND coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change')) END, q.navps_penny_change) END AS change,
    CASE WHEN q.navps_percent_change IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change')) < 100 AND coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change')) END, q.navps_percent_change) END AS change_percent,
    CASE WHEN q.total_distribution IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution')) < 100 AND coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution')) END, q.total_distribution) END AS paid,
    CASE WHEN length(q.split) < 100 AND q.split ~ '^-?[0-9]+([.][0-9]+)?$' THEN (q.split)::numeric ELSE public.fundata_parse_number(q.split) END AS told_split, q.processed_at AS at, q.run_id AS run
  FROM public.fundata_quotes q WHERE q.row_ordinal = 0 AND q.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x WHERE x.identifier = q.identifier AND x.date = q.date AND x.dataset = q.dataset AND x.data_version = q.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_quotes_superseded y WHERE y.identifier = x.identifier AND y.date = x.date AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (q.record_state IS NULL OR lower(q.record_state) IN ('', 'active'))
 AND q.identifier = s.identifier AND q.date >= s.start OFFSET 0) r), days AS (
  SELECT DISTINCT ON (identifier, date) identifier, date, dataset, navps, change, change_percent,
    coalesce(nullif(paid, 0), lead(paid) OVER of_day, paid) AS paid, coalesce(split, lead(split) OVER of_day) AS split,
    at AS stored_at, run AS stored_run, CASE WHEN nullif(paid, 0) IS NULL AND lead(paid) OVER of_day IS NOT NULL
      OR split IS NULL AND lead(split) OVER of_day IS NOT NULL THEN lead(at) OVER of_day END AS other_at,
    lead(run) OVER of_day AS other_run
  FROM (
    SELECT *, CASE WHEN told_split BETWEEN 1.0 / 1000000 AND 1000000 AND told_split <> 1
      THEN told_split END AS split FROM records
  ) r
  WINDOW of_day AS (PARTITION BY identifier, date ORDER BY navps IS NULL, dataset)
  ORDER BY identifier, date, navps IS NULL, dataset
),
distributions AS (SELECT r.* FROM start s CROSS JOIN LATERAL (
  SELECT d.identifier, d.date, CASE WHEN d.total_distribution IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) < 100 AND coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) END, d.total_distribution) END AS amount, d.processed_at AS at,
    d.run_id AS run
  FROM public.fundata_data d WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0 AND d.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.record_id = d.record_id AND x.dataset = d.dataset AND x.data_version = d.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_data_superseded y WHERE y.identifier = x.identifier AND y.record_id = x.record_id AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))
 AND d.identifier = s.identifier AND d.date >= s.start OFFSET 0) r), payments AS (SELECT identifier, date, sum(amount) AS amount, max(at) AS at, (array_agg(run ORDER BY at DESC, run))[1] AS run FROM distributions GROUP BY identifier, date), timeline AS (
  SELECT identifier, date, dataset, navps, change, change_percent, split, paid, stored_at, stored_run, is_value,
    greatest(stored_at, other_at, paid_at) AS at,
    CASE greatest(stored_at, other_at, paid_at) WHEN stored_at THEN stored_run WHEN other_at THEN other_run ELSE paid_run END
      AS run
  FROM (
    SELECT identifier, date, d.dataset, d.navps, d.change, d.change_percent, d.split, d.stored_at, d.stored_run, d.other_at,
      d.other_run, coalesce(nullif(d.paid, 0), p.amount, d.paid) AS paid, CASE WHEN nullif(d.paid, 0) IS NULL THEN p.at END AS
      paid_at, p.run AS paid_run, coalesce(round(d.navps, 40) > 0, false) AS is_value
    FROM days d FULL JOIN payments p USING (identifier, date)
  ) t
), running AS (
  SELECT t.*, sum(paid) OVER so_far AS all_paid, count(paid) OVER so_far AS payments,
    published.product(split) FILTER (WHERE split IS NOT NULL) OVER so_far AS all_split,
    count(*) FILTER (WHERE is_value) OVER so_far AS number
  FROM timeline t WINDOW so_far AS (PARTITION BY identifier ORDER BY date ROWS UNBOUNDED PRECEDING)
),
between_values AS (SELECT identifier, number, max(at) AS at, (array_agg(run ORDER BY at DESC, run))[1] AS run FROM running WHERE NOT is_value GROUP BY identifier, number), linked AS (
  SELECT r.*, lag(date) OVER before AS former_date, lag(navps) OVER before AS former_navps,
    lag(all_paid) OVER before AS former_paid, lag(payments) OVER before AS former_payments,
    lag(all_split) OVER before AS former_split, lag(stored_at) OVER before AS former_at,
    lag(stored_run) OVER before AS former_run
  FROM running r WHERE is_value WINDOW before AS (PARTITION BY identifier ORDER BY date)
), valued AS (
  SELECT l.*, date - former_date <= 7 AS is_near,
    CASE WHEN former_date IS NULL THEN paid WHEN payments > former_payments THEN all_paid - coalesce(former_paid, 0) END
      AS distribution,
    CASE WHEN former_date IS NULL THEN split
      WHEN all_split <> former_split THEN trim_scale(round(all_split, 40) / former_split) END AS split_factor
  FROM linked l
), grown AS (
  SELECT v.*, s.since, s.currency,
    published.compound(CASE WHEN v.date = s.base THEN s.base_factor ELSE
        (v.navps + coalesce(v.distribution, 0)) / round(v.navps, 40) * coalesce(v.split_factor, 1) END)
      FILTER (WHERE v.date = s.base OR v.distribution <> 0 OR v.split_factor IS NOT NULL)
      OVER (PARTITION BY v.identifier ORDER BY v.date ROWS UNBOUNDED PRECEDING) AS factor
  FROM valued v JOIN start s ON s.identifier = v.identifier
)
SELECT g.identifier, g.date, g.dataset, g.navps, g.currency, g.change, g.change_percent,
  CASE WHEN is_near THEN former_date END AS previous_date, CASE WHEN is_near THEN former_navps END AS previous_navps,
  trim_scale(distribution) AS distribution, split_factor,
  CASE WHEN is_near THEN round(((navps::numeric / nullif(round(former_navps::numeric, 40), 0)) - 1), 6) END AS price_return,
  CASE WHEN is_near THEN round(((((navps + coalesce(distribution, 0)) * coalesce(split_factor, 1))::numeric / nullif(round(former_navps::numeric, 40), 0)) - 1), 6) END AS total_return, trim_scale(factor) AS adjustment_factor, greatest(g.at, CASE WHEN g.is_near THEN g.former_at END, b.at) AS as_of,
  CASE greatest(g.at, CASE WHEN g.is_near THEN g.former_at END, b.at) WHEN g.at THEN g.run WHEN b.at THEN b.run ELSE g.former_run END AS last_run_id, g.stored_at
FROM grown g
LEFT JOIN between_values b ON b.identifier = g.identifier AND b.number = g.number - 1 AND g.number > 1
WHERE g.date >= g.since
UNION ALL
SELECT z.identifier, z.date, z.dataset, z.navps, s.currency, z.change, z.change_percent, NULL, NULL, NULL, NULL, NULL, NULL,
  trim_scale(coalesce(g.factor, 1)), z.at, z.run, z.stored_at
FROM running z JOIN start s ON s.identifier = z.identifier
LEFT JOIN grown g ON g.identifier = z.identifier AND g.number = z.number
WHERE NOT z.is_value AND z.navps IS NOT NULL AND z.date >= s.since
) q;

-- rows of every scope
SELECT
  q.identifier::text,
  q.date::date,
  q.dataset::text,
  q.navps::numeric,
  q.currency::text,
  q.change::numeric,
  q.change_percent::numeric,
  q.previous_date::date,
  q.previous_navps::numeric,
  q.distribution::numeric,
  q.split_factor::numeric,
  q.price_return::numeric,
  q.total_return::numeric,
  q.adjustment_factor::numeric,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid,
  q.stored_at::timestamp with time zone
FROM (
WITH start AS (
  SELECT s.identifier, s.since, p.date AS base, p.adjustment_factor AS base_factor, coalesce(p.date, s.since) AS start,
    m.currency
  FROM scope s
  LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
  LEFT JOIN LATERAL (
    SELECT p.date, p.adjustment_factor FROM published.fund_quote_history p
    WHERE p.identifier = s.identifier AND p.date < s.since AND round(p.navps, 40) > 0 ORDER BY p.date DESC LIMIT 1
  ) p ON true
), records AS MATERIALIZED (
  SELECT q.identifier, q.date, q.dataset, CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) < 100 AND coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END AS navps,
    CASE WHEN q.navps_penny_change IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change')) < 100 AND coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change')) END, q.navps_penny_change) END AS change,
    CASE WHEN q.navps_percent_change IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change')) < 100 AND coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change')) END, q.navps_percent_change) END AS change_percent,
    CASE WHEN q.total_distribution IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution')) < 100 AND coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution')) END, q.total_distribution) END AS paid,
    CASE WHEN length(q.split) < 100 AND q.split ~ '^-?[0-9]+([.][0-9]+)?$' THEN (q.split)::numeric ELSE public.fundata_parse_number(q.split) END AS told_split, q.processed_at AS at, q.run_id AS run
  FROM public.fundata_quotes q WHERE q.row_ordinal = 0 AND q.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x WHERE x.identifier = q.identifier AND x.date = q.date AND x.dataset = q.dataset AND x.data_version = q.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_quotes_superseded y WHERE y.identifier = x.identifier AND y.date = x.date AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (q.record_state IS NULL OR lower(q.record_state) IN ('', 'active'))
), days AS (
  SELECT DISTINCT ON (identifier, date) identifier, date, dataset, navps, change, change_percent,
    coalesce(nullif(paid, 0), lead(paid) OVER of_day, paid) AS paid, coalesce(split, lead(split) OVER of_day) AS split,
    at AS stored_at, run AS stored_run, CASE WHEN nullif(paid, 0) IS NULL AND lead(paid) OVER of_day IS NOT NULL
      OR split IS NULL AND lead(split) OVER of_day IS NOT NULL THEN lead(at) OVER of_day END AS other_at,
    lead(run) OVER of_day AS other_run
  FROM (
    SELECT *, CASE WHEN told_split BETWEEN 1.0 / 1000000 AND 1000000 AND told_split <> 1
      THEN told_split END AS split FROM records
  ) r
  WINDOW of_day AS (PARTITION BY identifier, date ORDER BY navps IS NULL, dataset)
  ORDER BY identifier, date, navps IS NULL, dataset
),
distributions AS (
  SELECT d.identifier, d.date, CASE WHEN d.total_distribution IS NOT NULL THEN coalesce(CASE WHEN length(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) < 100 AND coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) END, d.total_distribution) END AS amount, d.processed_at AS at,
    d.run_id AS run
  FROM public.fundata_data d WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0 AND d.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.record_id = d.record_id AND x.dataset = d.dataset AND x.data_version = d.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_data_superseded y WHERE y.identifier = x.identifier AND y.record_id = x.record_id AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))
), payments AS (SELECT identifier, date, sum(amount) AS amount, max(at) AS at, (array_agg(run ORDER BY at DESC, run))[1] AS run FROM distributions GROUP BY identifier, date), timeline AS (
  SELECT identifier, date, dataset, navps, change, change_percent, split, paid, stored_at, stored_run, is_value,
    greatest(stored_at, other_at, paid_at) AS at,
    CASE greatest(stored_at, other_at, paid_at) WHEN stored_at THEN stored_run WHEN other_at THEN other_run ELSE paid_run END
      AS run
  FROM (
    SELECT identifier, date, d.dataset, d.navps, d.change, d.change_percent, d.split, d.stored_at, d.stored_run, d.other_at,
      d.other_run, coalesce(nullif(d.paid, 0), p.amount, d.paid) AS paid, CASE WHEN nullif(d.paid, 0) IS NULL THEN p.at END AS
      paid_at, p.run AS paid_run, coalesce(round(d.navps, 40) > 0, false) AS is_value
    FROM days d FULL JOIN payments p USING (identifier, date)
  ) t
), running AS (
  SELECT t.*, sum(paid) OVER so_far AS all_paid, count(paid) OVER so_far AS payments,
    published.product(split) FILTER (WHERE split IS NOT NULL) OVER so_far AS all_split,
    count(*) FILTER (WHERE is_value) OVER so_far AS number
  FROM timeline t WINDOW so_far AS (PARTITION BY identifier ORDER BY date ROWS UNBOUNDED PRECEDING)
),
between_values AS (SELECT identifier, number, max(at) AS at, (array_agg(run ORDER BY at DESC, run))[1] AS run FROM running WHERE NOT is_value GROUP BY identifier, number), linked AS (
  SELECT r.*, lag(date) OVER before AS former_date, lag(navps) OVER before AS former_navps,
    lag(all_paid) OVER before AS former_paid, lag(payments) OVER before AS former_payments,
    lag(all_split) OVER before AS former_split, lag(stored_at) OVER before AS former_at,
    lag(stored_run) OVER before AS former_run
  FROM running r WHERE is_value WINDOW before AS (PARTITION BY identifier ORDER BY date)
), valued AS (
  SELECT l.*, date - former_date <= 7 AS is_near,
    CASE WHEN former_date IS NULL THEN paid WHEN payments > former_payments THEN all_paid - coalesce(former_paid, 0) END
      AS distribution,
    CASE WHEN former_date IS NULL THEN split
      WHEN all_split <> former_split THEN trim_scale(round(all_split, 40) / former_split) END AS split_factor
  FROM linked l
), grown AS (
  SELECT v.*, s.since, s.currency,
    published.compound(CASE WHEN v.date = s.base THEN s.base_factor ELSE
        (v.navps + coalesce(v.distribution, 0)) / round(v.navps, 40) * coalesce(v.split_factor, 1) END)
      FILTER (WHERE v.date = s.base OR v.distribution <> 0 OR v.split_factor IS NOT NULL)
      OVER (PARTITION BY v.identifier ORDER BY v.date ROWS UNBOUNDED PRECEDING) AS factor
  FROM valued v JOIN start s ON s.identifier = v.identifier
)
SELECT g.identifier, g.date, g.dataset, g.navps, g.currency, g.change, g.change_percent,
  CASE WHEN is_near THEN former_date END AS previous_date, CASE WHEN is_near THEN former_navps END AS previous_navps,
  trim_scale(distribution) AS distribution, split_factor,
  CASE WHEN is_near THEN round(((navps::numeric / nullif(round(former_navps::numeric, 40), 0)) - 1), 6) END AS price_return,
  CASE WHEN is_near THEN round(((((navps + coalesce(distribution, 0)) * coalesce(split_factor, 1))::numeric / nullif(round(former_navps::numeric, 40), 0)) - 1), 6) END AS total_return, trim_scale(factor) AS adjustment_factor, greatest(g.at, CASE WHEN g.is_near THEN g.former_at END, b.at) AS as_of,
  CASE greatest(g.at, CASE WHEN g.is_near THEN g.former_at END, b.at) WHEN g.at THEN g.run WHEN b.at THEN b.run ELSE g.former_run END AS last_run_id, g.stored_at
FROM grown g
LEFT JOIN between_values b ON b.identifier = g.identifier AND b.number = g.number - 1 AND g.number > 1
WHERE g.date >= g.since
UNION ALL
SELECT z.identifier, z.date, z.dataset, z.navps, s.currency, z.change, z.change_percent, NULL, NULL, NULL, NULL, NULL, NULL,
  trim_scale(coalesce(g.factor, 1)), z.at, z.run, z.stored_at
FROM running z JOIN start s ON s.identifier = z.identifier
LEFT JOIN grown g ON g.identifier = z.identifier AND g.number = z.number
WHERE NOT z.is_value AND z.navps IS NOT NULL AND z.date >= s.since
) q;

CREATE OR REPLACE VIEW sra.fund_quote_history AS
SELECT
  b.identifier,
  b.date,
  b.dataset,
  b.navps,
  (trim_scale(round(b.navps * (b.adjustment_factor / round(n.adjustment_factor, 40)), 10)))::numeric AS adjusted_navps,
  b.currency,
  b.change,
  b.change_percent,
  b.previous_date,
  b.previous_navps,
  b.distribution,
  b.split_factor,
  b.price_return,
  b.total_return,
  b.adjustment_factor,
  b.as_of,
  b.last_run_id,
  b.stored_at
FROM published.fund_quote_history b
LEFT JOIN LATERAL (
  SELECT n.adjustment_factor FROM published.fund_quote_history n WHERE n.identifier = b.identifier
  ORDER BY n.date DESC LIMIT 1
) n ON true;

COMMENT ON VIEW sra.fund_quote_history IS 'Net asset value of every fund and day, with all delivered digits, raw and adjusted, and our own returns of the day. One record a fund and day, FundDailyNAVPS before Pricing. price_return is NAVPS / previous NAVPS - 1, the change of the value alone. total_return is (NAVPS + distribution) x split / previous NAVPS - 1: the distribution is reinvested on its ex-date, or on the first day after it that has a value, and the split puts today''s value into former shares. A distribution is that of the day''s quote records, else the sum of FundDistribution; a split is a factor between a millionth and a million. The previous value is the last one above zero, at most 7 days older; without one, and where today''s is zero (at 40 digits), both are NULL. adjusted_navps is the value in shares of the newest day, all distributions and splits since reinvested: the ratio of two of them is the total return between their days. Computed with 40 digits, rounded half up to six decimals. Source: specification, section 5.';

COMMENT ON COLUMN sra.fund_quote_history.identifier IS 'InstrumentKey.';

COMMENT ON COLUMN sra.fund_quote_history.date IS 'Day of the value.';

COMMENT ON COLUMN sra.fund_quote_history.dataset IS 'Dataset that the value is from.';

COMMENT ON COLUMN sra.fund_quote_history.navps IS 'Net asset value per share. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.adjusted_navps IS 'The same in shares of the newest day, to ten decimals. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.currency IS 'Currency of every amount of the row.';

COMMENT ON COLUMN sra.fund_quote_history.change IS 'Change since the day before, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.change_percent IS 'The same in percent, vendor''s. Unit: percent.';

COMMENT ON COLUMN sra.fund_quote_history.previous_date IS 'Day of the previous value.';

COMMENT ON COLUMN sra.fund_quote_history.previous_navps IS 'The previous value. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.distribution IS 'Distribution per share that was reinvested on the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.split_factor IS 'New shares for one old, where the day has a split.';

COMMENT ON COLUMN sra.fund_quote_history.price_return IS 'Change of the value alone. Unit: fraction.';

COMMENT ON COLUMN sra.fund_quote_history.total_return IS 'The same with distribution and split. Unit: fraction.';

COMMENT ON COLUMN sra.fund_quote_history.adjustment_factor IS 'Shares that one share of the first day has become: the product of (1 + distribution / NAVPS) x split.';

COMMENT ON COLUMN sra.fund_quote_history.as_of IS 'When the newest record behind this row was stored, in UTC: of its value, the previous one, or what was paid or split between. Later distributions and splits move adjusted_navps alone, which this does not tell.';

COMMENT ON COLUMN sra.fund_quote_history.last_run_id IS 'The run that stored that record.';

COMMENT ON COLUMN sra.fund_quote_history.stored_at IS 'When the record of the value itself was stored, in UTC.';
