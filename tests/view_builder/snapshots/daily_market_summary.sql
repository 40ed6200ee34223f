-- daily_market_summary, digest 10392d16769d415c3a02e8b3590f44e8;

CREATE TABLE published.daily_market_summary (
  date date,
  currency text,
  total_symbols bigint,
  avg_navps numeric,
  median_navps numeric,
  advancers bigint,
  decliners bigint,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_daily_market_summary_f8d34002 ON published.daily_market_summary (date, currency);

-- every scope
SELECT date FROM published.fund_quote_history;

-- scopes that the runs $1 touched
SELECT DISTINCT date, run_id FROM public.fundata_quotes WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
WITH written AS (
  SELECT r.identifier, r.run_id, coalesce(r.currency, '') AS currency, (r.record_state IS NULL OR lower(r.record_state) IN ('', 'active')) AS active
  FROM public.fundata_data r WHERE r.run_id = ANY($1::uuid[]) AND r.dataset = 'FundGeneral'
), states AS (
  SELECT w.*, true AS is_new FROM written w
  UNION ALL
  SELECT o.identifier, x.run_id, coalesce(o.currency, ''), (o.record_state IS NULL OR lower(o.record_state) IN ('', 'active')), false
  FROM (SELECT DISTINCT identifier FROM written) w
  JOIN public.fundata_data o ON o.identifier = w.identifier AND o.dataset = 'FundGeneral'
  JOIN public.fundata_data_superseded x
    ON x.identifier = o.identifier AND x.dataset = o.dataset AND x.record_id = o.record_id
    AND x.data_version = o.data_version
  WHERE x.run_id = ANY($1::uuid[])
)
SELECT DISTINCT q.date, moved.run_id
FROM (
  SELECT identifier, min(run_id::text)::uuid AS run_id FROM states GROUP BY identifier
  HAVING count(DISTINCT currency) > 1 OR NOT bool_and(active) OR bool_and(is_new)
) moved
JOIN published.fund_quote_history q ON q.identifier = moved.identifier;

-- rows of the scopes in `scope`
SELECT
  q.date::date,
  q.currency::text,
  q.total_symbols::bigint,
  q.avg_navps::numeric,
  q.median_navps::numeric,
  q.advancers::bigint,
  q.decliners::bigint,
  q.as_of::timestamp with time zone
FROM (
SELECT p.date, p.currency, count(*) AS total_symbols, round(avg(p.navps), 6) AS avg_navps,
  round(((percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY p.navps))[1] + (percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY p.navps))[2]) / 2, 6) AS median_navps,
  count(*) FILTER (WHERE p.direction > 0) AS advancers, count(*) FILTER (WHERE p.direction < 0) AS decliners,
  max(p.stored_at) AS as_of
FROM (
  SELECT h.date, coalesce(m.currency, 'XXX') AS currency, h.navps, h.stored_at,
    sign(coalesce(nullif(h.change, 0), h.change_percent)) AS direction
  FROM scope s JOIN published.fund_quote_history h ON h.date = s.date
  LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = h.identifier
) p
GROUP BY 1, 2
) q;

CREATE OR REPLACE VIEW sra.daily_market_summary AS
SELECT date, currency, total_symbols, avg_navps, median_navps, advancers, decliners, as_of, last_run_id
FROM published.daily_market_summary;

COMMENT ON VIEW sra.daily_market_summary IS 'Per day and currency, over the latest records: how many funds have a value, its mean and median, how many rose and fell. One value a fund and day, FundDailyNAVPS before Pricing. avg_navps is the arithmetic mean, median_navps the middle value, or the mean of the two in the middle, both of NAVPS at full precision and rounded half up to six decimals. A fund advances (declines) where the vendor''s change of the day (NAVPSPennyChange, PennyChangeDay, else NAVPSPercentChange) is above (below) zero at full precision; one without a change counts in neither. A fund whose currency the vendor does not give stands under XXX, which is ISO 4217''s code for that. Source: specification, section 5.';

COMMENT ON COLUMN sra.daily_market_summary.date IS 'Day of the values.';

COMMENT ON COLUMN sra.daily_market_summary.currency IS 'Currency of the funds, and of both amounts; XXX where the vendor gives none.';

COMMENT ON COLUMN sra.daily_market_summary.total_symbols IS 'Funds with a net asset value on the day.';

COMMENT ON COLUMN sra.daily_market_summary.avg_navps IS 'Mean net asset value per share. Unit: currency of the row.';

COMMENT ON COLUMN sra.daily_market_summary.median_navps IS 'Median net asset value per share. Unit: currency of the row.';

COMMENT ON COLUMN sra.daily_market_summary.advancers IS 'Funds that rose since their day before.';

COMMENT ON COLUMN sra.daily_market_summary.decliners IS 'Funds that fell since their day before.';

COMMENT ON COLUMN sra.daily_market_summary.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.daily_market_summary.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
