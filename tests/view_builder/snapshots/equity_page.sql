-- equity_page, digest 228f79f3261c1ea06090019372cec62a;

CREATE TABLE published.equity_page (
  symbol text,
  name text,
  type text,
  exchange text,
  currency text,
  is_active boolean,
  sector text,
  industry text,
  country text,
  website text,
  description text,
  employees numeric,
  price numeric,
  quoted_at timestamp with time zone,
  price_date date,
  change numeric,
  change_percentage numeric,
  volume numeric,
  open numeric,
  day_low numeric,
  day_high numeric,
  previous_close numeric,
  year_low numeric,
  year_high numeric,
  price_avg50 numeric,
  price_avg200 numeric,
  market_cap numeric,
  beta numeric,
  last_dividend numeric,
  dividend_yield numeric,
  performance_1w numeric,
  performance_1m numeric,
  performance_3m numeric,
  performance_ytd numeric,
  performance_1y numeric,
  performance_3y numeric,
  performance_5y numeric,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_equity_page_6c2f5087 ON published.equity_page (symbol);

CREATE INDEX ix_equity_page_57b499e9 ON published.equity_page (exchange);

CREATE INDEX ix_equity_page_6864204c ON published.equity_page (sector, industry);

-- every scope
SELECT identifier AS symbol FROM sra.security_master WHERE source = 'fmp';

-- scopes that the runs $1 touched
SELECT symbol, run_id FROM public.fmp_quote WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT symbol, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT symbol, run_id FROM public.fmp_split WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT identifier AS symbol, run_id FROM (SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_universe WHERE run_id = ANY($1::uuid[])
UNION ALL
SELECT 'fmp', u.symbol, t.task_id
FROM public.task_execution_log t
JOIN public.fmp_universe u ON u.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp') u;

-- rows of the scopes in `scope`
SELECT
  q.symbol::text,
  q.name::text,
  q.type::text,
  q.exchange::text,
  q.currency::text,
  q.is_active::boolean,
  q.sector::text,
  q.industry::text,
  q.country::text,
  q.website::text,
  q.description::text,
  q.employees::numeric,
  q.price::numeric,
  q.quoted_at::timestamp with time zone,
  q.price_date::date,
  q.change::numeric,
  q.change_percentage::numeric,
  q.volume::numeric,
  q.open::numeric,
  q.day_low::numeric,
  q.day_high::numeric,
  q.previous_close::numeric,
  q.year_low::numeric,
  q.year_high::numeric,
  q.price_avg50::numeric,
  q.price_avg200::numeric,
  q.market_cap::numeric,
  q.beta::numeric,
  q.last_dividend::numeric,
  q.dividend_yield::numeric,
  q.performance_1w::numeric,
  q.performance_1m::numeric,
  q.performance_3m::numeric,
  q.performance_ytd::numeric,
  q.performance_1y::numeric,
  q.performance_3y::numeric,
  q.performance_5y::numeric,
  q.as_of::timestamp with time zone
FROM (
SELECT s.symbol AS symbol, m.name, m.type, m.exchange, m.currency, m.is_active, p.sector, p.industry, p.country,
  p.website, p.description, p.employees, q.price, q.quoted_at, q.day AS price_date, q.change, q.change_percentage,
  q.volume, q.open, q.day_low, q.day_high, q.previous_close, q.year_low, q.year_high, q.price_avg50, q.price_avg200,
  coalesce(q.market_cap, p.market_cap) AS market_cap, p.beta, p.last_dividend,
  round(p.last_dividend / nullif(q.price, 0)::numeric(80,40), 6) AS dividend_yield,
  round((q.price::numeric / nullif(s1w.price, 0)::numeric(80,40) - 1), 6) AS performance_1w, round((q.price::numeric / nullif(s1m.price, 0)::numeric(80,40) - 1), 6) AS performance_1m, round((q.price::numeric / nullif(s3m.price, 0)::numeric(80,40) - 1), 6) AS performance_3m, round((q.price::numeric / nullif(sytd.price, 0)::numeric(80,40) - 1), 6) AS performance_ytd, round((q.price::numeric / nullif(s1y.price, 0)::numeric(80,40) - 1), 6) AS performance_1y, round(power((q.price::numeric / nullif(s3y.price, 0)::numeric(80,40)), (365.25::numeric(80,40) / nullif((q.day - s3y.day), 0))) - 1, 6) AS performance_3y, round(power((q.price::numeric / nullif(s5y.price, 0)::numeric(80,40)), (365.25::numeric(80,40) / nullif((q.day - s5y.day), 0))) - 1, 6) AS performance_5y,
  greatest(m.as_of, p.updated_at, q.updated_at) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND m.type = 'equity'
LEFT JOIN LATERAL (
  SELECT p.*, public.fundata_parse_number(p.raw_json ->> 'beta') AS beta,
    public.fundata_parse_number(p.raw_json ->> 'lastDividend') AS last_dividend
  FROM public.equity_profile p WHERE p.symbol = s.symbol
  ORDER BY p.exchange IS DISTINCT FROM m.exchange, p.updated_at DESC, p.exchange LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT q.*, (q.quoted_at AT TIME ZONE 'America/New_York')::date AS day FROM public.fmp_quote q
  WHERE q.symbol = s.symbol AND q.price IS NOT NULL ORDER BY q.quoted_at DESC LIMIT 1
) q ON true
LEFT JOIN LATERAL (
  SELECT p.price / coalesce((SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0 AND x.date > (p.quoted_at AT TIME ZONE 'America/New_York')::date AND x.date <= q.day), 1) AS price, (p.quoted_at AT TIME ZONE 'America/New_York')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.symbol AND p.price IS NOT NULL
    AND p.quoted_at < ((q.day - 7) + 1)::timestamp AT TIME ZONE 'America/New_York'
    AND p.quoted_at >= ((q.day - 7) - 7)::timestamp AT TIME ZONE 'America/New_York'
  ORDER BY p.quoted_at DESC LIMIT 1
) s1w ON true
LEFT JOIN LATERAL (
  SELECT p.price / coalesce((SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0 AND x.date > (p.quoted_at AT TIME ZONE 'America/New_York')::date AND x.date <= q.day), 1) AS price, (p.quoted_at AT TIME ZONE 'America/New_York')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.symbol AND p.price IS NOT NULL
    AND p.quoted_at < ((q.day - interval '1 months')::date + 1)::timestamp AT TIME ZONE 'America/New_York'
    AND p.quoted_at >= ((q.day - interval '1 months')::date - 7)::timestamp AT TIME ZONE 'America/New_York'
  ORDER BY p.quoted_at DESC LIMIT 1
) s1m ON true
LEFT JOIN LATERAL (
  SELECT p.price / coalesce((SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0 AND x.date > (p.quoted_at AT TIME ZONE 'America/New_York')::date AND x.date <= q.day), 1) AS price, (p.quoted_at AT TIME ZONE 'America/New_York')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.symbol AND p.price IS NOT NULL
    AND p.quoted_at < ((q.day - interval '3 months')::date + 1)::timestamp AT TIME ZONE 'America/New_York'
    AND p.quoted_at >= ((q.day - interval '3 months')::date - 7)::timestamp AT TIME ZONE 'America/New_York'
  ORDER BY p.quoted_at DESC LIMIT 1
) s3m ON true
LEFT JOIN LATERAL (
  SELECT p.price / coalesce((SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0 AND x.date > (p.quoted_at AT TIME ZONE 'America/New_York')::date AND x.date <= q.day), 1) AS price, (p.quoted_at AT TIME ZONE 'America/New_York')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.symbol AND p.price IS NOT NULL
    AND p.quoted_at < ((date_trunc('year', q.day::timestamp)::date - 1) + 1)::timestamp AT TIME ZONE 'America/New_York'
    AND p.quoted_at >= ((date_trunc('year', q.day::timestamp)::date - 1) - 7)::timestamp AT TIME ZONE 'America/New_York'
  ORDER BY p.quoted_at DESC LIMIT 1
) sytd ON true
LEFT JOIN LATERAL (
  SELECT p.price / coalesce((SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0 AND x.date > (p.quoted_at AT TIME ZONE 'America/New_York')::date AND x.date <= q.day), 1) AS price, (p.quoted_at AT TIME ZONE 'America/New_York')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.symbol AND p.price IS NOT NULL
    AND p.quoted_at < ((q.day - interval '12 months')::date + 1)::timestamp AT TIME ZONE 'America/New_York'
    AND p.quoted_at >= ((q.day - interval '12 months')::date - 7)::timestamp AT TIME ZONE 'America/New_York'
  ORDER BY p.quoted_at DESC LIMIT 1
) s1y ON true
LEFT JOIN LATERAL (
  SELECT p.price / coalesce((SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0 AND x.date > (p.quoted_at AT TIME ZONE 'America/New_York')::date AND x.date <= q.day), 1) AS price, (p.quoted_at AT TIME ZONE 'America/New_York')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.symbol AND p.price IS NOT NULL
    AND p.quoted_at < ((q.day - interval '36 months')::date + 1)::timestamp AT TIME ZONE 'America/New_York'
    AND p.quoted_at >= ((q.day - interval '36 months')::date - 7)::timestamp AT TIME ZONE 'America/New_York'
  ORDER BY p.quoted_at DESC LIMIT 1
) s3y ON true
LEFT JOIN LATERAL (
  SELECT p.price / coalesce((SELECT published.product(x.numerator / x.denominator::numeric(80,40)) FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0 AND x.date > (p.quoted_at AT TIME ZONE 'America/New_York')::date AND x.date <= q.day), 1) AS price, (p.quoted_at AT TIME ZONE 'America/New_York')::date AS day
  FROM public.fmp_quote p
  WHERE p.symbol = s.symbol AND p.price IS NOT NULL
    AND p.quoted_at < ((q.day - interval '60 months')::date + 1)::timestamp AT TIME ZONE 'America/New_York'
    AND p.quoted_at >= ((q.day - interval '60 months')::date - 7)::timestamp AT TIME ZONE 'America/New_York'
  ORDER BY p.quoted_at DESC LIMIT 1
) s5y ON true
) q;

CREATE OR REPLACE VIEW sra.equity_page AS
SELECT symbol, name, type, exchange, currency, is_active, sector, industry, country, website, description, employees, price, quoted_at, price_date, change, change_percentage, volume, open, day_low, day_high, previous_close, year_low, year_high, price_avg50, price_avg200, market_cap, beta, last_dividend, dividend_yield, performance_1w, performance_1m, performance_3m, performance_ytd, performance_1y, performance_3y, performance_5y, as_of, last_run_id
FROM published.equity_page;

COMMENT ON VIEW sra.equity_page IS 'One row per listed equity: profile, last price, change, dividend yield, performance. Performance is P(end) / P(start) - 1: the end is the newest price, the start the last one on or before the end minus 7 days, 1, 3, 12, 36, 60 calendar months or the last day of the former year, NULL where that is over 7 days older than asked for. Three and five years are annualised by 365.25 days over the true distance of the two prices. Prices are those of the daily quotes, the start restated by the splits since. Computed with 40 digits, rounded half up to six decimals. dividend_yield is the vendor''s last yearly dividend over the newest price, both in the listing''s currency. Source: specification, section 5.';

COMMENT ON COLUMN sra.equity_page.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.equity_page.name IS 'Company.';

COMMENT ON COLUMN sra.equity_page.type IS 'Kind of security.';

COMMENT ON COLUMN sra.equity_page.exchange IS 'Exchange.';

COMMENT ON COLUMN sra.equity_page.currency IS 'Currency of every amount of the row.';

COMMENT ON COLUMN sra.equity_page.is_active IS 'Whether it is in the present universe.';

COMMENT ON COLUMN sra.equity_page.sector IS 'Sector.';

COMMENT ON COLUMN sra.equity_page.industry IS 'Industry.';

COMMENT ON COLUMN sra.equity_page.country IS 'Country of the issuer.';

COMMENT ON COLUMN sra.equity_page.website IS 'Website.';

COMMENT ON COLUMN sra.equity_page.description IS 'What the company does.';

COMMENT ON COLUMN sra.equity_page.employees IS 'Full-time employees.';

COMMENT ON COLUMN sra.equity_page.price IS 'Newest price. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.quoted_at IS 'Moment of the quote, UTC.';

COMMENT ON COLUMN sra.equity_page.price_date IS 'Its day in New York.';

COMMENT ON COLUMN sra.equity_page.change IS 'Change since the close before, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.change_percentage IS 'The same in percent, vendor''s. Unit: percent.';

COMMENT ON COLUMN sra.equity_page.volume IS 'Volume of the day. Unit: shares.';

COMMENT ON COLUMN sra.equity_page.open IS 'First price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.day_low IS 'Lowest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.day_high IS 'Highest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.previous_close IS 'Close of the day before. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.year_low IS 'Lowest price of 52 weeks. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.year_high IS 'Highest price of 52 weeks. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.price_avg50 IS 'Mean close of 50 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.price_avg200 IS 'Mean close of 200 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.market_cap IS 'Market capitalisation, of the newest quote, else of the profile. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.beta IS 'Beta, vendor''s.';

COMMENT ON COLUMN sra.equity_page.last_dividend IS 'Dividends per share of a year, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_page.dividend_yield IS 'last_dividend / price. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_1w IS 'Performance over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_1m IS 'Performance over one month. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_3m IS 'Performance over three months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_ytd IS 'Performance since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_1y IS 'Performance over one year. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_3y IS 'Performance over three years, annualised. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.performance_5y IS 'Performance over five years, annualised. Unit: fraction.';

COMMENT ON COLUMN sra.equity_page.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.equity_page.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
