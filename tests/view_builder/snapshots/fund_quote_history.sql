-- fund_quote_history, digest d8aae101008104b4b9f40c947fee9be8;

CREATE TABLE published.fund_quote_history (
  identifier text,
  date date,
  dataset text,
  navps numeric,
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
  last_run_id uuid
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

-- rows of the scopes in `scope`
SELECT
  q.identifier::text,
  q.date::date,
  q.dataset::text,
  q.navps::numeric,
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
  q.last_run_id::uuid
FROM (
WITH start AS (
  SELECT s.identifier, s.since, p.date AS base, p.adjustment_factor AS base_factor, coalesce(p.date, s.since) AS start
  FROM scope s LEFT JOIN LATERAL (
    SELECT p.date, p.adjustment_factor FROM published.fund_quote_history p
    WHERE p.identifier = s.identifier AND p.date < s.since AND p.navps > 0 ORDER BY p.date DESC LIMIT 1
  ) p ON true
), records AS MATERIALIZED (SELECT r.* FROM start s CROSS JOIN LATERAL (
  SELECT q.identifier, q.date, q.dataset, CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END AS navps,
    CASE WHEN q.navps_penny_change IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change')) END, q.navps_penny_change) END AS change,
    CASE WHEN q.navps_percent_change IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change')) END, q.navps_percent_change) END AS change_percent,
    CASE WHEN q.total_distribution IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution')) END, q.total_distribution) END AS paid,
    nullif(nullif(CASE WHEN q.split ~ '^-?[0-9]+([.][0-9]+)?$' THEN (q.split)::numeric ELSE public.fundata_parse_number(q.split) END, 0), 1) AS split, q.processed_at, q.run_id
  FROM public.fundata_quotes q WHERE q.row_ordinal = 0 AND q.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x WHERE x.identifier = q.identifier AND x.date = q.date AND x.dataset = q.dataset AND x.data_version = q.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_quotes_superseded y WHERE y.identifier = x.identifier AND y.date = x.date AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (q.record_state IS NULL OR lower(q.record_state) IN ('', 'active'))
 AND q.identifier = s.identifier AND q.date >= s.start OFFSET 0) r), days AS (
  SELECT DISTINCT ON (identifier, date) identifier, date, dataset, navps, change, change_percent,
    coalesce(nullif(paid, 0), lead(paid) OVER of_day, paid) AS paid, coalesce(split, lead(split) OVER of_day) AS split,
    processed_at, run_id
  FROM records
  WINDOW of_day AS (PARTITION BY identifier, date ORDER BY navps IS NULL, dataset)
  ORDER BY identifier, date, navps IS NULL, dataset
),
distributions AS (SELECT r.* FROM start s CROSS JOIN LATERAL (
  SELECT d.identifier, d.date, CASE WHEN d.total_distribution IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) END, d.total_distribution) END AS amount
  FROM public.fundata_data d WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0 AND d.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.record_id = d.record_id AND x.dataset = d.dataset AND x.data_version = d.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_data_superseded y WHERE y.identifier = x.identifier AND y.record_id = x.record_id AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))
 AND d.identifier = s.identifier AND d.date >= s.start OFFSET 0) r), payments AS (SELECT identifier, date, sum(amount) AS amount FROM distributions GROUP BY identifier, date), timeline AS (
  SELECT identifier, date, d.dataset, d.navps, d.change, d.change_percent, d.split,
    coalesce(nullif(d.paid, 0), p.amount, d.paid) AS paid, d.processed_at, d.run_id
  FROM days d FULL JOIN payments p USING (identifier, date)
), running AS (
  SELECT t.*, sum(paid) OVER so_far AS all_paid, count(paid) OVER so_far AS payments,
    published.product(split) FILTER (WHERE split IS NOT NULL) OVER so_far AS all_split
  FROM timeline t WINDOW so_far AS (PARTITION BY identifier ORDER BY date ROWS UNBOUNDED PRECEDING)
),
linked AS (
  SELECT r.*, max(ARRAY[date - date '1900-01-01', navps, all_paid, payments, all_split]) FILTER (WHERE navps > 0)
    OVER (PARTITION BY identifier ORDER BY date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS former
  FROM running r
), valued AS (
  SELECT l.*, former[2] AS former_navps, date '1900-01-01' + former[1]::int AS former_date,
    CASE WHEN navps > 0 THEN
      CASE WHEN former IS NULL THEN paid WHEN payments > former[4] THEN all_paid - coalesce(former[3], 0) END
    END AS distribution,
    CASE WHEN navps > 0 THEN
      CASE WHEN former IS NULL THEN split
           WHEN all_split <> former[5] THEN trim_scale(all_split::numeric(80,40) / former[5]) END
    END AS split_factor
  FROM linked l
), grown AS (
  SELECT v.*, s.since, v.date - v.former_date <= 7 AS is_near,
    published.compound(CASE WHEN v.date = s.base THEN s.base_factor ELSE
        (v.navps + coalesce(v.distribution, 0)) / v.navps::numeric(80,40) * coalesce(v.split_factor, 1) END)
      FILTER (WHERE v.navps > 0 AND (v.date = s.base OR v.distribution <> 0 OR v.split_factor IS NOT NULL))
      OVER (PARTITION BY v.identifier ORDER BY v.date ROWS UNBOUNDED PRECEDING) AS factor
  FROM valued v JOIN start s ON s.identifier = v.identifier
)
SELECT identifier, date, dataset, navps, change, change_percent,
  CASE WHEN navps > 0 AND is_near THEN former_date END AS previous_date,
  CASE WHEN navps > 0 AND is_near THEN former_navps END AS previous_navps,
  trim_scale(distribution) AS distribution, split_factor,
  CASE WHEN navps > 0 AND is_near THEN round((navps::numeric / nullif(former_navps, 0)::numeric(80,40) - 1), 6) END AS price_return,
  CASE WHEN navps > 0 AND is_near THEN round((((navps + coalesce(distribution, 0)) * coalesce(split_factor, 1))::numeric / nullif(former_navps, 0)::numeric(80,40) - 1), 6) END AS total_return,
  trim_scale(factor) AS adjustment_factor, processed_at AS as_of, run_id AS last_run_id
FROM grown WHERE navps IS NOT NULL AND date >= since
) q;

-- rows of every scope
SELECT
  q.identifier::text,
  q.date::date,
  q.dataset::text,
  q.navps::numeric,
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
  q.last_run_id::uuid
FROM (
WITH start AS (
  SELECT s.identifier, s.since, p.date AS base, p.adjustment_factor AS base_factor, coalesce(p.date, s.since) AS start
  FROM scope s LEFT JOIN LATERAL (
    SELECT p.date, p.adjustment_factor FROM published.fund_quote_history p
    WHERE p.identifier = s.identifier AND p.date < s.since AND p.navps > 0 ORDER BY p.date DESC LIMIT 1
  ) p ON true
), records AS MATERIALIZED (
  SELECT q.identifier, q.date, q.dataset, CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END AS navps,
    CASE WHEN q.navps_penny_change IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPennyChange', q.raw_json ->> 'PennyChangeDay', q.raw_json ->> 'navps_penny_change')) END, q.navps_penny_change) END AS change,
    CASE WHEN q.navps_percent_change IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPSPercentChange', q.raw_json ->> 'navps_percent_change')) END, q.navps_percent_change) END AS change_percent,
    CASE WHEN q.total_distribution IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution')) END, q.total_distribution) END AS paid,
    nullif(nullif(CASE WHEN q.split ~ '^-?[0-9]+([.][0-9]+)?$' THEN (q.split)::numeric ELSE public.fundata_parse_number(q.split) END, 0), 1) AS split, q.processed_at, q.run_id
  FROM public.fundata_quotes q WHERE q.row_ordinal = 0 AND q.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x WHERE x.identifier = q.identifier AND x.date = q.date AND x.dataset = q.dataset AND x.data_version = q.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_quotes_superseded y WHERE y.identifier = x.identifier AND y.date = x.date AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (q.record_state IS NULL OR lower(q.record_state) IN ('', 'active'))
), days AS (
  SELECT DISTINCT ON (identifier, date) identifier, date, dataset, navps, change, change_percent,
    coalesce(nullif(paid, 0), lead(paid) OVER of_day, paid) AS paid, coalesce(split, lead(split) OVER of_day) AS split,
    processed_at, run_id
  FROM records
  WINDOW of_day AS (PARTITION BY identifier, date ORDER BY navps IS NULL, dataset)
  ORDER BY identifier, date, navps IS NULL, dataset
),
distributions AS (
  SELECT d.identifier, d.date, CASE WHEN d.total_distribution IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) END, d.total_distribution) END AS amount
  FROM public.fundata_data d WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0 AND d.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.record_id = d.record_id AND x.dataset = d.dataset AND x.data_version = d.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_data_superseded y WHERE y.identifier = x.identifier AND y.record_id = x.record_id AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))
), payments AS (SELECT identifier, date, sum(amount) AS amount FROM distributions GROUP BY identifier, date), timeline AS (
  SELECT identifier, date, d.dataset, d.navps, d.change, d.change_percent, d.split,
    coalesce(nullif(d.paid, 0), p.amount, d.paid) AS paid, d.processed_at, d.run_id
  FROM days d FULL JOIN payments p USING (identifier, date)
), running AS (
  SELECT t.*, sum(paid) OVER so_far AS all_paid, count(paid) OVER so_far AS payments,
    published.product(split) FILTER (WHERE split IS NOT NULL) OVER so_far AS all_split
  FROM timeline t WINDOW so_far AS (PARTITION BY identifier ORDER BY date ROWS UNBOUNDED PRECEDING)
),
linked AS (
  SELECT r.*, max(ARRAY[date - date '1900-01-01', navps, all_paid, payments, all_split]) FILTER (WHERE navps > 0)
    OVER (PARTITION BY identifier ORDER BY date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS former
  FROM running r
), valued AS (
  SELECT l.*, former[2] AS former_navps, date '1900-01-01' + former[1]::int AS former_date,
    CASE WHEN navps > 0 THEN
      CASE WHEN former IS NULL THEN paid WHEN payments > former[4] THEN all_paid - coalesce(former[3], 0) END
    END AS distribution,
    CASE WHEN navps > 0 THEN
      CASE WHEN former IS NULL THEN split
           WHEN all_split <> former[5] THEN trim_scale(all_split::numeric(80,40) / former[5]) END
    END AS split_factor
  FROM linked l
), grown AS (
  SELECT v.*, s.since, v.date - v.former_date <= 7 AS is_near,
    published.compound(CASE WHEN v.date = s.base THEN s.base_factor ELSE
        (v.navps + coalesce(v.distribution, 0)) / v.navps::numeric(80,40) * coalesce(v.split_factor, 1) END)
      FILTER (WHERE v.navps > 0 AND (v.date = s.base OR v.distribution <> 0 OR v.split_factor IS NOT NULL))
      OVER (PARTITION BY v.identifier ORDER BY v.date ROWS UNBOUNDED PRECEDING) AS factor
  FROM valued v JOIN start s ON s.identifier = v.identifier
)
SELECT identifier, date, dataset, navps, change, change_percent,
  CASE WHEN navps > 0 AND is_near THEN former_date END AS previous_date,
  CASE WHEN navps > 0 AND is_near THEN former_navps END AS previous_navps,
  trim_scale(distribution) AS distribution, split_factor,
  CASE WHEN navps > 0 AND is_near THEN round((navps::numeric / nullif(former_navps, 0)::numeric(80,40) - 1), 6) END AS price_return,
  CASE WHEN navps > 0 AND is_near THEN round((((navps + coalesce(distribution, 0)) * coalesce(split_factor, 1))::numeric / nullif(former_navps, 0)::numeric(80,40) - 1), 6) END AS total_return,
  trim_scale(factor) AS adjustment_factor, processed_at AS as_of, run_id AS last_run_id
FROM grown WHERE navps IS NOT NULL AND date >= since
) q;

CREATE OR REPLACE VIEW sra.fund_quote_history AS
SELECT
  b.identifier,
  b.date,
  b.dataset,
  b.navps,
  (trim_scale(round(b.navps * (b.adjustment_factor / n.adjustment_factor::numeric(80,40)), 10)))::numeric AS adjusted_navps,
  (m.currency)::text AS currency,
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
  b.last_run_id
FROM published.fund_quote_history b
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = b.identifier
LEFT JOIN LATERAL (
  SELECT n.adjustment_factor FROM published.fund_quote_history n WHERE n.identifier = b.identifier
  ORDER BY n.date DESC LIMIT 1
) n ON true;

COMMENT ON VIEW sra.fund_quote_history IS 'Net asset value of every fund and day, with all delivered digits, raw and adjusted, and our own returns of the day. One record a fund and day, FundDailyNAVPS before Pricing. price_return is NAVPS / previous NAVPS - 1, the change of the value alone. total_return is (NAVPS + distribution) x split / previous NAVPS - 1: the distribution is reinvested on its ex-date, or on the first day after it that has a value, and the split puts today''s value into former shares. A distribution is that of the day''s quote records, else the sum of FundDistribution. The previous value is the last one above zero, at most 7 days older; without one, and where today''s is zero, both are NULL. adjusted_navps is the value in shares of the newest day, all distributions and splits since reinvested: the ratio of two of them is the total return between their days. Computed with 40 digits, rounded half up to six decimals. Source: specification, section 5.';

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

COMMENT ON COLUMN sra.fund_quote_history.as_of IS 'When the record of the value was stored, in UTC.';

COMMENT ON COLUMN sra.fund_quote_history.last_run_id IS 'The run that stored the record.';
