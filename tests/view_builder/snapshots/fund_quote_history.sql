-- fund_quote_history, digest 1965163b1994531c4a4b8f48c3bb4f30;

CREATE OR REPLACE VIEW sra.fund_quote_history AS
SELECT
  q.identifier::text,
  q.date::date,
  q.dataset::text,
  q.navps::numeric,
  q.currency::text,
  q.previous_date::date,
  q.previous_navps::numeric,
  q.distribution::numeric,
  q.split_factor::numeric,
  q.price_return::numeric,
  q.total_return::numeric,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
SELECT q.identifier, q.date, q.dataset, CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END AS navps, m.currency, p.date AS previous_date,
  p.navps AS previous_navps, e.distribution, e.split_factor,
  CASE WHEN CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END > 0 THEN round(((CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END)::numeric / nullif(p.navps, 0)::numeric(80,40) - 1), 6) END AS price_return,
  CASE WHEN CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END > 0
    THEN round((((CASE WHEN q.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'NAVPS', q.raw_json ->> 'navps')) END, q.navps) END + coalesce(e.distribution, 0)) * coalesce(e.split_factor, 1))::numeric / nullif(p.navps, 0)::numeric(80,40) - 1), 6)
  END AS total_return, q.processed_at AS as_of, q.run_id AS last_run_id
FROM public.fundata_quotes q
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = q.identifier
LEFT JOIN LATERAL (
  SELECT p.date, CASE WHEN p.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(p.raw_json ->> 'NAVPS', p.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(p.raw_json ->> 'NAVPS', p.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(p.raw_json ->> 'NAVPS', p.raw_json ->> 'navps')) END, p.navps) END AS navps FROM public.fundata_quotes p
  WHERE p.identifier = q.identifier AND p.date < q.date AND p.date >= q.date - 7
    AND CASE WHEN p.navps IS NOT NULL THEN coalesce(CASE WHEN coalesce(p.raw_json ->> 'NAVPS', p.raw_json ->> 'navps') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(p.raw_json ->> 'NAVPS', p.raw_json ->> 'navps'))::numeric ELSE public.fundata_parse_number(coalesce(p.raw_json ->> 'NAVPS', p.raw_json ->> 'navps')) END, p.navps) END > 0 AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x WHERE x.identifier = p.identifier AND x.date = p.date AND x.dataset = p.dataset AND x.data_version = p.data_version) AND (p.record_state IS NULL OR lower(p.record_state) IN ('', 'active'))
  ORDER BY p.date DESC, p.dataset = 'FundDailyNAVPS' DESC, p.row_ordinal LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT coalesce(CASE WHEN q.total_distribution IS NOT NULL THEN coalesce(CASE WHEN coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(q.raw_json ->> 'DailyTotalDistribution', q.raw_json ->> 'TotalDistribution', q.raw_json ->> 'total_distribution')) END, q.total_distribution) END,
    (SELECT sum(CASE WHEN d.total_distribution IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) END, d.total_distribution) END) FROM public.fundata_data d
     WHERE d.identifier = q.identifier AND d.dataset = 'FundDistribution' AND d.row_ordinal = 0
       AND d.date <= q.date AND d.date > coalesce(p.date, q.date - 1) AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')))) AS distribution,
    nullif(CASE WHEN q.split ~ '^-?[0-9]+([.][0-9]+)?$' THEN (q.split)::numeric ELSE public.fundata_parse_number(q.split) END, 0) AS split_factor
) e ON true
WHERE q.navps IS NOT NULL AND q.row_ordinal = 0 AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x WHERE x.identifier = q.identifier AND x.date = q.date AND x.dataset = q.dataset AND x.data_version = q.data_version) AND (q.record_state IS NULL OR lower(q.record_state) IN ('', 'active')) AND (q.dataset = 'FundDailyNAVPS' OR NOT EXISTS (SELECT FROM public.fundata_quotes o WHERE o.identifier = q.identifier AND o.date = q.date AND o.dataset = 'FundDailyNAVPS' AND o.navps IS NOT NULL AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x WHERE x.identifier = o.identifier AND x.date = o.date AND x.dataset = o.dataset AND x.data_version = o.data_version) AND (o.record_state IS NULL OR lower(o.record_state) IN ('', 'active'))))
) q;

COMMENT ON VIEW sra.fund_quote_history IS 'Net asset value of every fund and day, with all delivered digits, and our own returns of the day. One record a fund and day, FundDailyNAVPS before Pricing. price_return is NAVPS / previous NAVPS - 1, the change of the value alone. total_return is (NAVPS + distribution) x split / previous NAVPS - 1: the distribution is reinvested on its ex-date, or on the first day after it that has a value, and the split puts today''s value into former shares. The previous value is the last one above zero, at most 7 days older; without one, and where today''s is zero, both are NULL. Computed with 40 digits, rounded half up to six decimals. Source: specification, section 5.';

COMMENT ON COLUMN sra.fund_quote_history.identifier IS 'InstrumentKey.';

COMMENT ON COLUMN sra.fund_quote_history.date IS 'Day of the value.';

COMMENT ON COLUMN sra.fund_quote_history.dataset IS 'Dataset that the value is from.';

COMMENT ON COLUMN sra.fund_quote_history.navps IS 'Net asset value per share. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.currency IS 'Currency of every amount of the row.';

COMMENT ON COLUMN sra.fund_quote_history.previous_date IS 'Day of the previous value.';

COMMENT ON COLUMN sra.fund_quote_history.previous_navps IS 'The previous value. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.distribution IS 'Distribution per share that was reinvested on the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_quote_history.split_factor IS 'New shares for one old, where the day has a split.';

COMMENT ON COLUMN sra.fund_quote_history.price_return IS 'Change of the value alone. Unit: fraction.';

COMMENT ON COLUMN sra.fund_quote_history.total_return IS 'The same with distribution and split. Unit: fraction.';

COMMENT ON COLUMN sra.fund_quote_history.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.fund_quote_history.last_run_id IS 'The run that stored the record.';
