-- etf_page, digest 1aefca802a89332a7ca740b07d61fb0b;

CREATE TABLE published.etf_page (
  symbol text,
  name text,
  type text,
  exchange text,
  currency text,
  is_active boolean,
  issuer text,
  asset_class text,
  domicile text,
  isin text,
  cusip text,
  website text,
  description text,
  inception_date date,
  price numeric,
  price_date date,
  quoted_at timestamp with time zone,
  change numeric,
  change_percentage numeric,
  open numeric,
  day_low numeric,
  day_high numeric,
  previous_close numeric,
  year_low numeric,
  year_high numeric,
  price_avg50 numeric,
  price_avg200 numeric,
  volume numeric,
  average_volume numeric,
  nav numeric,
  nav_date date,
  nav_currency text,
  expense_ratio_percent numeric,
  assets_under_management numeric,
  holdings_count numeric,
  beta numeric,
  dividend_ttm numeric,
  dividend_yield numeric,
  performance_basis text,
  performance_date date,
  performance_1w numeric,
  performance_1m numeric,
  performance_3m numeric,
  performance_6m numeric,
  performance_ytd numeric,
  performance_1y numeric,
  performance_3y numeric,
  performance_5y numeric,
  performance_10y numeric,
  performance_inception numeric,
  price_return_1w numeric,
  price_return_1m numeric,
  price_return_3m numeric,
  price_return_6m numeric,
  price_return_ytd numeric,
  price_return_1y numeric,
  price_return_3y numeric,
  price_return_5y numeric,
  price_return_10y numeric,
  price_return_inception numeric,
  standard_deviation_1y numeric,
  standard_deviation_3y numeric,
  standard_deviation_5y numeric,
  max_drawdown_1y numeric,
  max_drawdown_3y numeric,
  max_drawdown_5y numeric,
  holdings_date date,
  top_holdings jsonb,
  sector_weights jsonb,
  country_weights jsonb,
  as_of timestamp with time zone,
  last_run_id uuid,
  distributions jsonb,
  benchmark_index text,
  sharpe_1y numeric,
  sharpe_3y numeric,
  sharpe_5y numeric,
  beta_1y numeric,
  beta_3y numeric,
  beta_5y numeric,
  up_capture_1y numeric,
  up_capture_3y numeric,
  up_capture_5y numeric,
  down_capture_1y numeric,
  down_capture_3y numeric,
  down_capture_5y numeric
);

CREATE UNIQUE INDEX ix_etf_page_6c2f5087 ON published.etf_page (symbol);

CREATE INDEX ix_etf_page_57b499e9 ON published.etf_page (exchange);

CREATE INDEX ix_etf_page_864ccc9b ON published.etf_page (assets_under_management DESC NULLS LAST);

-- every scope
SELECT identifier AS symbol FROM sra.security_master WHERE source = 'fmp' AND type = 'etf';

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_etf_info WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_etf_holding WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_etf_sector WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_etf_country WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_quote WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[])) c UNION ALL SELECT a.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[])) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol;

-- scopes that the runs $1 touched
SELECT x.symbol AS symbol, t.task_id AS run_id
FROM public.task_execution_log t
JOIN public.fmp_etf_holding x ON x.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp';

-- scopes that the runs $1 touched
SELECT x.symbol AS symbol, t.task_id AS run_id
FROM public.task_execution_log t
JOIN public.fmp_etf_sector x ON x.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp';

-- scopes that the runs $1 touched
SELECT x.symbol AS symbol, t.task_id AS run_id
FROM public.task_execution_log t
JOIN public.fmp_etf_country x ON x.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp';

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (
  SELECT w.symbol, w.run_id, w.first, w.last FROM (SELECT symbol, run_id, min(date) AS first, max(date) AS last FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[]) GROUP BY symbol, run_id) w
  UNION ALL
  SELECT a.symbol, w.run_id, w.first, w.last FROM (SELECT symbol, run_id, min(date) AS first, max(date) AS last FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[]) GROUP BY symbol, run_id) w
  JOIN public.fmp_symbol_alias a ON a.former_symbol = w.symbol
) c
WHERE EXISTS (
  SELECT FROM (SELECT c.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = c.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = c.symbol) ln
  CROSS JOIN LATERAL (
    SELECT x.date FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000
    UNION ALL SELECT x.date FROM public.fmp_dividend x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.dividend > 0 AND x.dividend < 1e12
  ) x
  WHERE x.date <= c.last AND (x.date >= c.first - 7 OR NOT EXISTS (
    SELECT FROM sra.price_adjustment a WHERE a.symbol = c.symbol AND a.date = x.date))
);

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_split WHERE run_id = ANY($1::uuid[])) c UNION ALL SELECT a.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_split WHERE run_id = ANY($1::uuid[])) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol;

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (SELECT DISTINCT symbol, ended_run_id AS run_id FROM public.fmp_split WHERE ended_run_id = ANY($1::uuid[])) c UNION ALL SELECT a.symbol, c.run_id FROM (SELECT DISTINCT symbol, ended_run_id AS run_id FROM public.fmp_split WHERE ended_run_id = ANY($1::uuid[])) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol;

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_dividend WHERE run_id = ANY($1::uuid[])) c UNION ALL SELECT a.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_dividend WHERE run_id = ANY($1::uuid[])) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol;

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (SELECT DISTINCT symbol, ended_run_id AS run_id FROM public.fmp_dividend WHERE ended_run_id = ANY($1::uuid[])) c UNION ALL SELECT a.symbol, c.run_id FROM (SELECT DISTINCT symbol, ended_run_id AS run_id FROM public.fmp_dividend WHERE ended_run_id = ANY($1::uuid[])) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol;

-- scopes that the runs $1 touched
SELECT a.symbol, a.run_id FROM public.fmp_symbol_alias a WHERE a.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, c.run_id FROM public.fmp_symbol_change c CROSS JOIN LATERAL (VALUES (c.old_symbol), (c.new_symbol)) n (symbol)
WHERE c.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, o.run_id FROM public.fmp_symbol_period o
CROSS JOIN LATERAL (VALUES (o.symbol), (o.owner_symbol)) n (symbol) WHERE o.run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT identifier AS symbol, run_id FROM (SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_universe WHERE run_id = ANY($1::uuid[])
UNION ALL
SELECT 'fmp', u.symbol, t.task_id
FROM public.task_execution_log t
JOIN public.fmp_universe u ON u.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp') u;

-- scopes that the runs $1 touched
SELECT e.identifier AS symbol, c.run_id FROM (
  SELECT p.run_id FROM public.fmp_index_price p
  WHERE p.run_id = ANY($1::uuid[]) AND p.symbol IN ('^GSPC', '^GSPTSE') AND p.date >= (date_trunc('month', p.date::timestamp) + interval '1 month')::date - 1 - 7
  UNION SELECT p.run_id FROM public.fmp_treasury_rate p WHERE p.run_id = ANY($1::uuid[]) AND p.date >= (date_trunc('month', p.date::timestamp) + interval '1 month')::date - 1 - 7
) c CROSS JOIN sra.security_master e WHERE e.source = 'fmp' AND e.type = 'etf';

-- rows of the scopes in `scope`
SELECT
  q.symbol::text,
  q.name::text,
  q.type::text,
  q.exchange::text,
  q.currency::text,
  q.is_active::boolean,
  q.issuer::text,
  q.asset_class::text,
  q.domicile::text,
  q.isin::text,
  q.cusip::text,
  q.website::text,
  q.description::text,
  q.inception_date::date,
  q.price::numeric,
  q.price_date::date,
  q.quoted_at::timestamp with time zone,
  q.change::numeric,
  q.change_percentage::numeric,
  q.open::numeric,
  q.day_low::numeric,
  q.day_high::numeric,
  q.previous_close::numeric,
  q.year_low::numeric,
  q.year_high::numeric,
  q.price_avg50::numeric,
  q.price_avg200::numeric,
  q.volume::numeric,
  q.average_volume::numeric,
  q.nav::numeric,
  q.nav_date::date,
  q.nav_currency::text,
  q.expense_ratio_percent::numeric,
  q.assets_under_management::numeric,
  q.holdings_count::numeric,
  q.beta::numeric,
  q.dividend_ttm::numeric,
  q.dividend_yield::numeric,
  q.performance_basis::text,
  q.performance_date::date,
  q.performance_1w::numeric,
  q.performance_1m::numeric,
  q.performance_3m::numeric,
  q.performance_6m::numeric,
  q.performance_ytd::numeric,
  q.performance_1y::numeric,
  q.performance_3y::numeric,
  q.performance_5y::numeric,
  q.performance_10y::numeric,
  q.performance_inception::numeric,
  q.price_return_1w::numeric,
  q.price_return_1m::numeric,
  q.price_return_3m::numeric,
  q.price_return_6m::numeric,
  q.price_return_ytd::numeric,
  q.price_return_1y::numeric,
  q.price_return_3y::numeric,
  q.price_return_5y::numeric,
  q.price_return_10y::numeric,
  q.price_return_inception::numeric,
  q.standard_deviation_1y::numeric,
  q.standard_deviation_3y::numeric,
  q.standard_deviation_5y::numeric,
  q.max_drawdown_1y::numeric,
  q.max_drawdown_3y::numeric,
  q.max_drawdown_5y::numeric,
  q.holdings_date::date,
  q.top_holdings::jsonb,
  q.sector_weights::jsonb,
  q.country_weights::jsonb,
  q.as_of::timestamp with time zone,
  q.distributions::jsonb,
  q.benchmark_index::text,
  q.sharpe_1y::numeric,
  q.sharpe_3y::numeric,
  q.sharpe_5y::numeric,
  q.beta_1y::numeric,
  q.beta_3y::numeric,
  q.beta_5y::numeric,
  q.up_capture_1y::numeric,
  q.up_capture_3y::numeric,
  q.up_capture_5y::numeric,
  q.down_capture_1y::numeric,
  q.down_capture_3y::numeric,
  q.down_capture_5y::numeric
FROM (
WITH market AS MATERIALIZED (SELECT d.day, y.symbol, l.level, r.rate, greatest(l.stored_at, r.stored_at) AS stored_at
FROM (
  SELECT (date_trunc('month', newest.day::timestamp) - n.months * interval '1 month')::date - 1 AS day
  FROM (SELECT max(p.date) AS day FROM public.fmp_index_price p WHERE p.symbol IN ('^GSPC', '^GSPTSE')) newest
  CROSS JOIN generate_series(-1, 120) n (months)
) d
CROSS JOIN (SELECT unnest(ARRAY['^GSPC', '^GSPTSE']) AS symbol) y
LEFT JOIN LATERAL (
  SELECT p.close AS level, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = y.symbol AND p.close > 0 AND p.date <= d.day AND p.date >= d.day - 7 ORDER BY p.date DESC LIMIT 1
) l ON true
LEFT JOIN LATERAL (
  SELECT p.month3 AS rate, p.updated_at AS stored_at FROM public.fmp_treasury_rate p
  WHERE y.symbol = '^GSPC' AND p.month3 IS NOT NULL AND p.date <= d.day AND p.date >= d.day - 7 ORDER BY p.date DESC LIMIT 1
) r ON true)
SELECT s.symbol, coalesce(m.name, i.name) AS name, m.type, m.exchange, m.currency, m.is_active, i.etf_company AS issuer,
  i.asset_class, coalesce(i.domicile, m.country) AS domicile, coalesce(nullif(i.isin, ''), p.isin) AS isin,
  nullif(i.security_cusip, '') AS cusip, coalesce(i.website, p.website) AS website,
  coalesce(i.description, p.description) AS description, i.inception_date,
  l.price, l.day AS price_date, q.quoted_at, l.change, l.change_percentage, q.open, q.day_low, q.day_high, q.previous_close,
  q.year_low, q.year_high, q.price_avg50, q.price_avg200, q.volume, i.avg_volume AS average_volume, i.nav,
  CASE WHEN left(i.source_updated_at, 10) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (jsonb_path_query_first(to_jsonb(left(i.source_updated_at, 10)), '$.datetime()', '{}', true) #>> '{}')::date END AS nav_date, i.nav_currency, i.expense_ratio AS expense_ratio_percent,
  i.assets_under_management, coalesce(nullif(h.positions, 0), i.holdings_count) AS holdings_count, p.beta,
  y.dividend AS dividend_ttm, round((y.dividend::numeric / nullif(round(l.price::numeric, 40), 0)), 6) AS dividend_yield, b.basis AS performance_basis,
  e.day AS performance_date,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s1w.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s1w.price::numeric, 40), 0)) - 1), 6) END AS performance_1w,
  round(((e.price::numeric / nullif(round(s1w.price::numeric, 40), 0)) - 1), 6) AS price_return_1w,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s1m.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s1m.price::numeric, 40), 0)) - 1), 6) END AS performance_1m,
  round(((e.price::numeric / nullif(round(s1m.price::numeric, 40), 0)) - 1), 6) AS price_return_1m,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s3m.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s3m.price::numeric, 40), 0)) - 1), 6) END AS performance_3m,
  round(((e.price::numeric / nullif(round(s3m.price::numeric, 40), 0)) - 1), 6) AS price_return_3m,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s6m.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s6m.price::numeric, 40), 0)) - 1), 6) END AS performance_6m,
  round(((e.price::numeric / nullif(round(s6m.price::numeric, 40), 0)) - 1), 6) AS price_return_6m,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(sytd.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(sytd.price::numeric, 40), 0)) - 1), 6) END AS performance_ytd,
  round(((e.price::numeric / nullif(round(sytd.price::numeric, 40), 0)) - 1), 6) AS price_return_ytd,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s1y.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s1y.price::numeric, 40), 0)) - 1), 6) END AS performance_1y,
  round(((e.price::numeric / nullif(round(s1y.price::numeric, 40), 0)) - 1), 6) AS price_return_1y,
  CASE WHEN b.basis = 'total_return' THEN round(power((e.price::numeric / nullif(round(s3y.total::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s3y.day)::numeric, 40), 0))) - 1, 6) ELSE round(power((e.price::numeric / nullif(round(s3y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s3y.day)::numeric, 40), 0))) - 1, 6) END AS performance_3y,
  round(power((e.price::numeric / nullif(round(s3y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s3y.day)::numeric, 40), 0))) - 1, 6) AS price_return_3y,
  CASE WHEN b.basis = 'total_return' THEN round(power((e.price::numeric / nullif(round(s5y.total::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s5y.day)::numeric, 40), 0))) - 1, 6) ELSE round(power((e.price::numeric / nullif(round(s5y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s5y.day)::numeric, 40), 0))) - 1, 6) END AS performance_5y,
  round(power((e.price::numeric / nullif(round(s5y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s5y.day)::numeric, 40), 0))) - 1, 6) AS price_return_5y,
  CASE WHEN b.basis = 'total_return' THEN round(power((e.price::numeric / nullif(round(s10y.total::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s10y.day)::numeric, 40), 0))) - 1, 6) ELSE round(power((e.price::numeric / nullif(round(s10y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s10y.day)::numeric, 40), 0))) - 1, 6) END AS performance_10y,
  round(power((e.price::numeric / nullif(round(s10y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s10y.day)::numeric, 40), 0))) - 1, 6) AS price_return_10y,
  CASE WHEN b.basis = 'total_return' THEN CASE WHEN si.day < (e.day - interval '12 months')::date THEN round(power((e.price::numeric / nullif(round(si.total::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - si.day)::numeric, 40), 0))) - 1, 6) ELSE round(((e.price::numeric / nullif(round(si.total::numeric, 40), 0)) - 1), 6) END
    ELSE CASE WHEN si.day < (e.day - interval '12 months')::date THEN round(power((e.price::numeric / nullif(round(si.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - si.day)::numeric, 40), 0))) - 1, 6) ELSE round(((e.price::numeric / nullif(round(si.price::numeric, 40), 0)) - 1), 6) END END AS performance_inception,
  CASE WHEN si.day < (e.day - interval '12 months')::date THEN round(power((e.price::numeric / nullif(round(si.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - si.day)::numeric, 40), 0))) - 1, 6) ELSE round(((e.price::numeric / nullif(round(si.price::numeric, 40), 0)) - 1), 6) END AS price_return_inception,
  k.deviation_1y AS standard_deviation_1y, k.deviation_3y AS standard_deviation_3y, k.deviation_5y AS standard_deviation_5y,
  k.drawdown_1y AS max_drawdown_1y, k.drawdown_3y AS max_drawdown_3y, k.drawdown_5y AS max_drawdown_5y,
  h.day AS holdings_date, coalesce(h.items, '[]') AS top_holdings, coalesce(sw.items, '[]') AS sector_weights,
  coalesce(cw.items, '[]') AS country_weights, coalesce(v.items, '[]') AS distributions,
  CASE m.currency WHEN 'USD' THEN '^GSPC' WHEN 'CAD' THEN '^GSPTSE' END AS benchmark_index,
  k.sharpe_1y, k.sharpe_3y, k.sharpe_5y, k.beta_1y, k.beta_3y, k.beta_5y, k.up_capture_1y, k.up_capture_3y, k.up_capture_5y, k.down_capture_1y, k.down_capture_3y, k.down_capture_5y,
  greatest(m.as_of, i.updated_at, p.updated_at, q.updated_at, b.as_of, d.as_of, h.as_of, sw.as_of, cw.as_of, e.stored_at, s1w.stored_at, s1m.stored_at, s3m.stored_at, s6m.stored_at, sytd.stored_at, s1y.stored_at, s3y.stored_at, s5y.stored_at, s10y.stored_at, si.stored_at, k.stored_at, v.as_of) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND m.type = 'etf'
LEFT JOIN public.fmp_etf_info i ON i.symbol = s.symbol
LEFT JOIN LATERAL (
  SELECT x.*, public.fundata_parse_number(x.raw_json ->> 'beta') AS beta,
    public.fundata_parse_number(x.raw_json ->> 'lastDividend') AS last_dividend,
    public.fundata_parse_number(x.raw_json ->> 'averageVolume') AS average_volume,
    nullif(x.raw_json ->> 'isin', '') AS isin, nullif(x.raw_json ->> 'cusip', '') AS cusip, nullif(x.raw_json ->> 'cik', '') AS cik, nullif(x.raw_json ->> 'ceo', '') AS ceo, nullif(x.raw_json ->> 'address', '') AS address, nullif(x.raw_json ->> 'city', '') AS city, nullif(x.raw_json ->> 'state', '') AS state, nullif(x.raw_json ->> 'phone', '') AS phone, nullif(x.raw_json ->> 'image', '') AS image, nullif(x.raw_json ->> 'zip', '') AS postal_code,
    CASE WHEN left(x.raw_json ->> 'ipoDate', 10) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (jsonb_path_query_first(to_jsonb(left(x.raw_json ->> 'ipoDate', 10)), '$.datetime()', '{}', true) #>> '{}')::date END AS ipo_date
  FROM public.equity_profile x WHERE x.symbol = s.symbol
  ORDER BY x.exchange IS DISTINCT FROM m.exchange, x.updated_at DESC, x.exchange LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT x.*, (x.quoted_at AT TIME ZONE 'America/New_York')::date AS day FROM public.fmp_quote x
  WHERE x.symbol = s.symbol AND x.price IS NOT NULL ORDER BY x.quoted_at DESC LIMIT 1
) q ON true
LEFT JOIN LATERAL (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND true
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) e ON true
CROSS JOIN LATERAL (
  SELECT coalesce(e.day > q.day, q.day IS NULL) AS is_close
) w
CROSS JOIN LATERAL (
  SELECT CASE WHEN w.is_close THEN e.price ELSE q.price END AS price, CASE WHEN w.is_close THEN e.day ELSE q.day END AS day,
    CASE WHEN NOT w.is_close THEN q.change END AS change,
    CASE WHEN NOT w.is_close THEN q.change_percentage END AS change_percentage
) l
LEFT JOIN LATERAL (
  SELECT CASE WHEN min(d.date) <= l.day - interval '12 months'
      THEN trim_scale(round(coalesce(sum(d.dividend / (coalesce((SELECT f.split_factor FROM (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > d.date ORDER BY a.date LIMIT 1) f), 1) * CASE WHEN e.day IS NULL OR l.day > e.day THEN coalesce((SELECT published.product((y.numerator::numeric / nullif(round(y.denominator::numeric, 40), 0))) FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000 AND x.date > greatest(e.day, d.date) AND x.date <= l.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) y), 1) ELSE 1 END))
        FILTER (WHERE d.date > l.day - interval '12 months'), 0), 10))
    END AS total, max(d.updated_at) AS as_of
  FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_dividend x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.dividend > 0 AND x.dividend < 1e12 AND x.date <= l.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) d
) d ON true
LEFT JOIN LATERAL (SELECT CASE WHEN coalesce(bool_or(a.dividend IS NOT NULL), false)
    AND NOT coalesce(bool_or(a.total_return_factor IS NULL AND a.date > (e.day - interval '120 months')::date - 7), false)
    THEN 'total_return' ELSE 'price_return' END AS basis, max(a.as_of) AS as_of
  FROM sra.price_adjustment a WHERE a.symbol = s.symbol) b ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - 7) AND p.date >= (e.day - 7) - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s1w ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '1 months')::date AND p.date >= (e.day - interval '1 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s1m ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '3 months')::date AND p.date >= (e.day - interval '3 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s3m ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '6 months')::date AND p.date >= (e.day - interval '6 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s6m ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (date_trunc('year', e.day::timestamp)::date - 1) AND p.date >= (date_trunc('year', e.day::timestamp)::date - 1) - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) sytd ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '12 months')::date AND p.date >= (e.day - interval '12 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s1y ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '36 months')::date AND p.date >= (e.day - interval '36 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s3y ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '60 months')::date AND p.date >= (e.day - interval '60 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s5y ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '120 months')::date AND p.date >= (e.day - interval '120 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s10y ON true
LEFT JOIN LATERAL (
  SELECT x.day, x.stored_at, x.price / coalesce(a.split_factor, 1) AS price,
    x.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date >= i.inception_date AND p.date <= i.inception_date + 7
      ORDER BY p.date LIMIT 1
    ) p ORDER BY p.day, ln.until DESC NULLS FIRST LIMIT 1) x
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > x.day ORDER BY a.date LIMIT 1) a ON true
) si ON true
LEFT JOIN LATERAL (
  SELECT CASE WHEN count(r.growth) FILTER (WHERE r.months < 12) = 12 THEN round(stddev_samp(r.growth) FILTER (WHERE r.months < 12) * sqrt(12::numeric), 6) END AS deviation_1y,
    CASE WHEN count(r.excess) FILTER (WHERE r.months < 12) = 12 THEN round((avg(r.excess) FILTER (WHERE r.months < 12)::numeric / nullif(round((stddev_samp(r.excess) FILTER (WHERE r.months < 12))::numeric, 40), 0)) * sqrt(12::numeric), 6) END AS sharpe_1y,
    CASE WHEN count(r.value) FILTER (WHERE r.months <= 12) = 13 THEN round(min(((r.value::numeric / nullif(round(r.peak_1y::numeric, 40), 0)) - 1)) FILTER (WHERE r.months <= 12), 6) END AS drawdown_1y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 12) = 12 THEN round(((sum(r.change * r.market) FILTER (WHERE r.months < 12) - sum(r.change) FILTER (WHERE r.months < 12) * sum(r.market) FILTER (WHERE r.months < 12) / 12)::numeric / nullif(round((sum(r.market * r.market) FILTER (WHERE r.months < 12) - sum(r.market) FILTER (WHERE r.months < 12) * sum(r.market) FILTER (WHERE r.months < 12) / 12)::numeric, 40), 0)), 6) END AS beta_1y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 12) = 12 THEN round(((power(round(published.product(round(1 + r.change, 40)) FILTER (WHERE r.months < 12 AND r.market > 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 12 AND r.market > 0))::numeric, 40), 0))) - 1)::numeric / nullif(round((power(round(published.product(round(1 + r.market, 40)) FILTER (WHERE r.months < 12 AND r.market > 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 12 AND r.market > 0))::numeric, 40), 0))) - 1)::numeric, 40), 0)), 6) END AS up_capture_1y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 12) = 12 THEN round(((power(round(published.product(round(1 + r.change, 40)) FILTER (WHERE r.months < 12 AND r.market < 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 12 AND r.market < 0))::numeric, 40), 0))) - 1)::numeric / nullif(round((power(round(published.product(round(1 + r.market, 40)) FILTER (WHERE r.months < 12 AND r.market < 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 12 AND r.market < 0))::numeric, 40), 0))) - 1)::numeric, 40), 0)), 6) END AS down_capture_1y,
    CASE WHEN count(r.growth) FILTER (WHERE r.months < 36) = 36 THEN round(stddev_samp(r.growth) FILTER (WHERE r.months < 36) * sqrt(12::numeric), 6) END AS deviation_3y,
    CASE WHEN count(r.excess) FILTER (WHERE r.months < 36) = 36 THEN round((avg(r.excess) FILTER (WHERE r.months < 36)::numeric / nullif(round((stddev_samp(r.excess) FILTER (WHERE r.months < 36))::numeric, 40), 0)) * sqrt(12::numeric), 6) END AS sharpe_3y,
    CASE WHEN count(r.value) FILTER (WHERE r.months <= 36) = 37 THEN round(min(((r.value::numeric / nullif(round(r.peak_3y::numeric, 40), 0)) - 1)) FILTER (WHERE r.months <= 36), 6) END AS drawdown_3y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 36) = 36 THEN round(((sum(r.change * r.market) FILTER (WHERE r.months < 36) - sum(r.change) FILTER (WHERE r.months < 36) * sum(r.market) FILTER (WHERE r.months < 36) / 36)::numeric / nullif(round((sum(r.market * r.market) FILTER (WHERE r.months < 36) - sum(r.market) FILTER (WHERE r.months < 36) * sum(r.market) FILTER (WHERE r.months < 36) / 36)::numeric, 40), 0)), 6) END AS beta_3y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 36) = 36 THEN round(((power(round(published.product(round(1 + r.change, 40)) FILTER (WHERE r.months < 36 AND r.market > 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 36 AND r.market > 0))::numeric, 40), 0))) - 1)::numeric / nullif(round((power(round(published.product(round(1 + r.market, 40)) FILTER (WHERE r.months < 36 AND r.market > 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 36 AND r.market > 0))::numeric, 40), 0))) - 1)::numeric, 40), 0)), 6) END AS up_capture_3y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 36) = 36 THEN round(((power(round(published.product(round(1 + r.change, 40)) FILTER (WHERE r.months < 36 AND r.market < 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 36 AND r.market < 0))::numeric, 40), 0))) - 1)::numeric / nullif(round((power(round(published.product(round(1 + r.market, 40)) FILTER (WHERE r.months < 36 AND r.market < 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 36 AND r.market < 0))::numeric, 40), 0))) - 1)::numeric, 40), 0)), 6) END AS down_capture_3y,
    CASE WHEN count(r.growth) FILTER (WHERE r.months < 60) = 60 THEN round(stddev_samp(r.growth) FILTER (WHERE r.months < 60) * sqrt(12::numeric), 6) END AS deviation_5y,
    CASE WHEN count(r.excess) FILTER (WHERE r.months < 60) = 60 THEN round((avg(r.excess) FILTER (WHERE r.months < 60)::numeric / nullif(round((stddev_samp(r.excess) FILTER (WHERE r.months < 60))::numeric, 40), 0)) * sqrt(12::numeric), 6) END AS sharpe_5y,
    CASE WHEN count(r.value) FILTER (WHERE r.months <= 60) = 61 THEN round(min(((r.value::numeric / nullif(round(r.peak_5y::numeric, 40), 0)) - 1)) FILTER (WHERE r.months <= 60), 6) END AS drawdown_5y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 60) = 60 THEN round(((sum(r.change * r.market) FILTER (WHERE r.months < 60) - sum(r.change) FILTER (WHERE r.months < 60) * sum(r.market) FILTER (WHERE r.months < 60) / 60)::numeric / nullif(round((sum(r.market * r.market) FILTER (WHERE r.months < 60) - sum(r.market) FILTER (WHERE r.months < 60) * sum(r.market) FILTER (WHERE r.months < 60) / 60)::numeric, 40), 0)), 6) END AS beta_5y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 60) = 60 THEN round(((power(round(published.product(round(1 + r.change, 40)) FILTER (WHERE r.months < 60 AND r.market > 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 60 AND r.market > 0))::numeric, 40), 0))) - 1)::numeric / nullif(round((power(round(published.product(round(1 + r.market, 40)) FILTER (WHERE r.months < 60 AND r.market > 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 60 AND r.market > 0))::numeric, 40), 0))) - 1)::numeric, 40), 0)), 6) END AS up_capture_5y,
    CASE WHEN count(r.change_and_market) FILTER (WHERE r.months < 60) = 60 THEN round(((power(round(published.product(round(1 + r.change, 40)) FILTER (WHERE r.months < 60 AND r.market < 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 60 AND r.market < 0))::numeric, 40), 0))) - 1)::numeric / nullif(round((power(round(published.product(round(1 + r.market, 40)) FILTER (WHERE r.months < 60 AND r.market < 0), 40), (1::numeric / nullif(round((count(*) FILTER (WHERE r.months < 60 AND r.market < 0))::numeric, 40), 0))) - 1)::numeric, 40), 0)), 6) END AS down_capture_5y,
    max(r.stored_at) AS stored_at
  FROM (
    SELECT g.*, g.growth - g.rate / 1200 AS excess, g.change + g.market AS change_and_market
    FROM (
      SELECT v.months, v.value, v.stored_at, ((v.value::numeric / nullif(round(lag(v.value) OVER before::numeric, 40), 0)) - 1) AS growth,
        ((v.price::numeric / nullif(round(lag(v.price) OVER before::numeric, 40), 0)) - 1) AS change, ((v.level::numeric / nullif(round(lag(v.level) OVER before::numeric, 40), 0)) - 1) AS market,
        lag(v.rate) OVER before AS rate, max(v.value) FILTER (WHERE v.months <= 12) OVER (ORDER BY v.months DESC) AS peak_1y, max(v.value) FILTER (WHERE v.months <= 36) OVER (ORDER BY v.months DESC) AS peak_3y, max(v.value) FILTER (WHERE v.months <= 60) OVER (ORDER BY v.months DESC) AS peak_5y
      FROM (
        SELECT n.months, x.price / coalesce(a.split_factor, 1) AS price, o.level, o.rate,
          CASE WHEN b.basis = 'total_return' AND a.is_adjusted THEN x.price / a.total_return_factor
            ELSE x.price / coalesce(a.split_factor, 1) END AS value, greatest(x.stored_at, o.stored_at) AS stored_at
        FROM generate_series(0, 60) n (months)
        LEFT JOIN LATERAL (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= ((date_trunc('month', e.day::timestamp) - n.months * interval '1 month')::date - 1) AND p.date >= ((date_trunc('month', e.day::timestamp) - n.months * interval '1 month')::date - 1) - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) x ON true
        LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > x.day ORDER BY a.date LIMIT 1) a ON true
        LEFT JOIN market o ON o.day = (date_trunc('month', e.day::timestamp) - n.months * interval '1 month')::date - 1 AND o.symbol = CASE m.currency WHEN 'USD' THEN '^GSPC' WHEN 'CAD' THEN '^GSPTSE' END
      ) v WINDOW before AS (ORDER BY v.months DESC)
    ) g
  ) r
) k ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('date', x.date, 'dividend', x.dividend,
      'adjusted_dividend', trim_scale(round((x.dividend::numeric / nullif(round((coalesce((SELECT f.split_factor FROM (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > x.date ORDER BY a.date LIMIT 1) f), 1) * CASE WHEN e.day IS NULL OR l.day > e.day THEN coalesce((SELECT published.product((y.numerator::numeric / nullif(round(y.denominator::numeric, 40), 0))) FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000 AND x.date > greatest(e.day, x.date) AND x.date <= l.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) y), 1) ELSE 1 END)::numeric, 40), 0)), 10)),
      'declaration_date', x.declaration_date, 'record_date', x.record_date, 'payment_date', x.payment_date)
    ORDER BY x.place) FILTER (WHERE x.place <= 24) AS items, max(x.updated_at) AS as_of
  FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.date DESC, x.dividend DESC, x.row_id) AS place
    FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_dividend x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.dividend > 0 AND x.dividend < 1e12 OFFSET 0) x
    ) x WHERE x.name_rank = 1) x
  ) x
) v ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('place', x.place, 'symbol', nullif(x.asset, ''), 'name', nullif(x.name, ''),
    'isin', nullif(x.isin, ''), 'weight_percent', x.weight_percentage, 'shares', x.shares_number,
    'market_value', x.market_value) ORDER BY x.place) FILTER (WHERE x.place <= 10) AS items,
    count(*) AS positions, max(CASE WHEN left(x.source_updated_at, 10) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (jsonb_path_query_first(to_jsonb(left(x.source_updated_at, 10)), '$.datetime()', '{}', true) #>> '{}')::date END) AS day, max(x.updated_at) AS as_of
  FROM (
    SELECT x.*, row_number() OVER (ORDER BY x.weight_percentage DESC NULLS LAST, x.asset, x.name, x.row_id) AS place
    FROM public.fmp_etf_holding x WHERE x.symbol = s.symbol AND x.valid_to IS NULL
  ) x
) h ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('sector', x.sector, 'weight_percent', x.weight_percentage)
    ORDER BY x.weight_percentage DESC, x.sector) FILTER (WHERE x.weight_percentage IS NOT NULL) AS items,
    max(x.updated_at) AS as_of
  FROM public.fmp_etf_sector x WHERE x.symbol = s.symbol AND x.valid_to IS NULL
) sw ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('country', x.country, 'weight_percent', x.weight_percentage)
    ORDER BY x.weight_percentage DESC, x.country) FILTER (WHERE x.weight_percentage IS NOT NULL) AS items,
    max(x.updated_at) AS as_of
  FROM public.fmp_etf_country x WHERE x.symbol = s.symbol AND x.valid_to IS NULL
) cw ON true
CROSS JOIN LATERAL (SELECT coalesce(d.total, p.last_dividend) AS dividend) y
) q;

CREATE OR REPLACE VIEW sra.etf_page AS
SELECT symbol, name, type, exchange, currency, is_active, issuer, asset_class, domicile, isin, cusip, website, description, inception_date, price, price_date, quoted_at, change, change_percentage, open, day_low, day_high, previous_close, year_low, year_high, price_avg50, price_avg200, volume, average_volume, nav, nav_date, nav_currency, expense_ratio_percent, assets_under_management, holdings_count, beta, dividend_ttm, dividend_yield, performance_basis, performance_date, performance_1w, performance_1m, performance_3m, performance_6m, performance_ytd, performance_1y, performance_3y, performance_5y, performance_10y, performance_inception, price_return_1w, price_return_1m, price_return_3m, price_return_6m, price_return_ytd, price_return_1y, price_return_3y, price_return_5y, price_return_10y, price_return_inception, standard_deviation_1y, standard_deviation_3y, standard_deviation_5y, max_drawdown_1y, max_drawdown_3y, max_drawdown_5y, holdings_date, top_holdings, sector_weights, country_weights, as_of, last_run_id, distributions, benchmark_index, sharpe_1y, sharpe_3y, sharpe_5y, beta_1y, beta_3y, beta_5y, up_capture_1y, up_capture_3y, up_capture_5y, down_capture_1y, down_capture_3y, down_capture_5y
FROM published.etf_page;

COMMENT ON VIEW sra.etf_page IS 'One row per listed ETF: profile, price, net asset value, cost, size, performance, yield, holdings, weights. Performance is P(end) / P(start) - 1: the end is the newest close, the start the last close on or before the end minus 7 days, 1, 3, 6, 12, 36, 60, 120 calendar months or the last day of the former year, NULL where that is over 7 days older than asked for; since inception the start is the first close, known where it lies within 7 days of inception_date. Beyond a year figures are annualised by 365.25 days over the true distance of the two closes. Both closes are in today''s shares (price_adjustment); performance_* reinvest dividends on the ex-date where performance_basis says total_return, price_return_* never do. Computed with 40 digits, rounded half up to six decimals (specification, section 5). Risk is over the 12, 36 or 60 full calendar months before the newest close, each from last close to last close of a month; NULL where a month lacks a close in its last 7 days, or an index level or rate that the figure needs. standard_deviation_* is the sample standard deviation of the monthly performances, sharpe_* the mean of those less the 3-month Treasury yield over their sample standard deviation, in US dollars only, both times the square root of twelve; max_drawdown_* the deepest fall below a former month''s end. beta_* is covariance over variance of the monthly changes of price and benchmark_index, capture the geometric mean change of the price over that of the index in the months in which the index rose or fell, all without dividends. dividend_ttm sums the dividends by ex-date over the twelve months up to price_date in shares of that day, where those known reach back that far, else it is the vendor''s yearly dividend. Holdings and weights are the newest complete lists. Not filled, since FMP gives no such thing for an ETF: rank and quartile in a category, alpha (which needs an index with dividends), and costs beside the expense ratio.';

COMMENT ON COLUMN sra.etf_page.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.etf_page.name IS 'Name of the fund.';

COMMENT ON COLUMN sra.etf_page.type IS 'Kind of security.';

COMMENT ON COLUMN sra.etf_page.exchange IS 'Exchange.';

COMMENT ON COLUMN sra.etf_page.currency IS 'Currency of the listing: of prices and dividends.';

COMMENT ON COLUMN sra.etf_page.is_active IS 'Whether it is in the present universe.';

COMMENT ON COLUMN sra.etf_page.issuer IS 'Company behind the fund.';

COMMENT ON COLUMN sra.etf_page.asset_class IS 'Asset class, in the vendor''s words.';

COMMENT ON COLUMN sra.etf_page.domicile IS 'Domicile, ISO 3166 alpha-2.';

COMMENT ON COLUMN sra.etf_page.isin IS 'ISIN.';

COMMENT ON COLUMN sra.etf_page.cusip IS 'CUSIP.';

COMMENT ON COLUMN sra.etf_page.website IS 'Website.';

COMMENT ON COLUMN sra.etf_page.description IS 'What the fund does.';

COMMENT ON COLUMN sra.etf_page.inception_date IS 'First day of the fund.';

COMMENT ON COLUMN sra.etf_page.price IS 'Newest price: the last quote, or the last close where that is of a later day. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.price_date IS 'Day of the price, in New York.';

COMMENT ON COLUMN sra.etf_page.quoted_at IS 'Moment of the newest quote, UTC.';

COMMENT ON COLUMN sra.etf_page.change IS 'Change since the close before, vendor''s; none where price is a close. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.change_percentage IS 'The same in percent, vendor''s. Unit: percent.';

COMMENT ON COLUMN sra.etf_page.open IS 'First price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.day_low IS 'Lowest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.day_high IS 'Highest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.previous_close IS 'Close of the day before. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.year_low IS 'Lowest price of 52 weeks, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.year_high IS 'Highest price of 52 weeks, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.price_avg50 IS 'Mean close of 50 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.price_avg200 IS 'Mean close of 200 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.volume IS 'Volume of the day. Unit: shares.';

COMMENT ON COLUMN sra.etf_page.average_volume IS 'Mean volume of a day, vendor''s. Unit: shares.';

COMMENT ON COLUMN sra.etf_page.nav IS 'Net asset value per share. Unit: nav_currency.';

COMMENT ON COLUMN sra.etf_page.nav_date IS 'Day on which the vendor brought it up to date.';

COMMENT ON COLUMN sra.etf_page.nav_currency IS 'Currency of nav, assets and the values of holdings.';

COMMENT ON COLUMN sra.etf_page.expense_ratio_percent IS 'Yearly cost in percent of the assets, vendor''s: 0.09 is nine hundredths of a percent. Unit: percent a year.';

COMMENT ON COLUMN sra.etf_page.assets_under_management IS 'Assets of the fund. Unit: nav_currency.';

COMMENT ON COLUMN sra.etf_page.holdings_count IS 'Positions in the newest list of holdings, else the vendor''s count. Unit: positions.';

COMMENT ON COLUMN sra.etf_page.beta IS 'Beta, vendor''s. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.dividend_ttm IS 'Dividends per share of twelve months, in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.etf_page.dividend_yield IS 'dividend_ttm / price. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.performance_basis IS 'What performance_* are: with dividends reinvested where they are known, else the change of the price.';

COMMENT ON COLUMN sra.etf_page.performance_date IS 'Day of the newest close, at which every performance ends.';

COMMENT ON COLUMN sra.etf_page.performance_1w IS 'Performance over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.performance_1m IS 'Performance over one month. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.performance_3m IS 'Performance over three months. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.performance_6m IS 'Performance over six months. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.performance_ytd IS 'Performance since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.performance_1y IS 'Performance over one year. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.performance_3y IS 'Performance over three years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.performance_5y IS 'Performance over five years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.performance_10y IS 'Performance over ten years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.performance_inception IS 'Performance since inception, annualised beyond a year. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.price_return_1w IS 'Change of the price over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.price_return_1m IS 'Change of the price over one month. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.price_return_3m IS 'Change of the price over three months. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.price_return_6m IS 'Change of the price over six months. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.price_return_ytd IS 'Change of the price since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.price_return_1y IS 'Change of the price over one year. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.price_return_3y IS 'Change of the price over three years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.price_return_5y IS 'Change of the price over five years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.price_return_10y IS 'Change of the price over ten years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.price_return_inception IS 'Change of the price since inception, annualised beyond a year. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.standard_deviation_1y IS 'Standard deviation over one year, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.standard_deviation_3y IS 'Standard deviation over three years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.standard_deviation_5y IS 'Standard deviation over five years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.etf_page.max_drawdown_1y IS 'Deepest fall over one year, zero or negative. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.max_drawdown_3y IS 'Deepest fall over three years, zero or negative. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.max_drawdown_5y IS 'Deepest fall over five years, zero or negative. Unit: fraction.';

COMMENT ON COLUMN sra.etf_page.holdings_date IS 'Day on which the vendor brought the holdings up to date.';

COMMENT ON COLUMN sra.etf_page.top_holdings IS 'The ten largest positions, largest first.';

COMMENT ON COLUMN sra.etf_page.sector_weights IS 'Weights by sector, largest first.';

COMMENT ON COLUMN sra.etf_page.country_weights IS 'Weights by country, largest first.';

COMMENT ON COLUMN sra.etf_page.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.etf_page.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';

COMMENT ON COLUMN sra.etf_page.distributions IS 'The newest 24 distributions, newest first, announced ones among them.';

COMMENT ON COLUMN sra.etf_page.benchmark_index IS 'Index that beta_* and capture are against: S&P 500 (^GSPC) for USD, S&P/TSX Composite (^GSPTSE) for CAD.';

COMMENT ON COLUMN sra.etf_page.sharpe_1y IS 'Sharpe ratio over one year, annualised. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.sharpe_3y IS 'Sharpe ratio over three years, annualised. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.sharpe_5y IS 'Sharpe ratio over five years, annualised. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.beta_1y IS 'Beta over one year, ours; beta is the vendor''s. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.beta_3y IS 'Beta over three years. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.beta_5y IS 'Beta over five years. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.up_capture_1y IS 'Up capture over one year: 1 rises as the index does. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.up_capture_3y IS 'Up capture over three years. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.up_capture_5y IS 'Up capture over five years. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.down_capture_1y IS 'Down capture over one year: 1 falls as the index does. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.down_capture_3y IS 'Down capture over three years. Unit: ratio.';

COMMENT ON COLUMN sra.etf_page.down_capture_5y IS 'Down capture over five years. Unit: ratio.';
