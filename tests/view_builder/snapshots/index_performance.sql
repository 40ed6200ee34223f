-- index_performance, digest e2e192d27efbe7f76fef37d3e465b914;

CREATE TABLE published.index_performance (
  symbol text,
  name text,
  currency text,
  date date,
  close numeric,
  change numeric,
  performance_1d numeric,
  performance_1w numeric,
  performance_1m numeric,
  performance_3m numeric,
  performance_qtd numeric,
  performance_ytd numeric,
  performance_1y numeric,
  sma_50 numeric,
  sma_200 numeric,
  distance_sma_50 numeric,
  distance_sma_200 numeric,
  trend text,
  year_high numeric,
  year_low numeric,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_index_performance_6c2f5087 ON published.index_performance (symbol);

-- every scope
SELECT i.symbol FROM (VALUES ('^GSPC', 'S&P 500', 'USD'), ('^IXIC', 'Nasdaq Composite', 'USD'), ('^DJI', 'Dow Jones Industrial Average', 'USD'), ('^GSPTSE', 'S&P/TSX Composite', 'CAD')) i (symbol, name, currency);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_index_price WHERE run_id = ANY($1::uuid[]) AND symbol IN ('^GSPC', '^IXIC', '^DJI', '^GSPTSE');

-- rows of the scopes in `scope`
SELECT
  q.symbol::text,
  q.name::text,
  q.currency::text,
  q.date::date,
  q.close::numeric,
  q.change::numeric,
  q.performance_1d::numeric,
  q.performance_1w::numeric,
  q.performance_1m::numeric,
  q.performance_3m::numeric,
  q.performance_qtd::numeric,
  q.performance_ytd::numeric,
  q.performance_1y::numeric,
  q.sma_50::numeric,
  q.sma_200::numeric,
  q.distance_sma_50::numeric,
  q.distance_sma_200::numeric,
  q.trend::text,
  q.year_high::numeric,
  q.year_low::numeric,
  q.as_of::timestamp with time zone
FROM (
SELECT s.symbol, i.name, i.currency, e.day AS date, e.price AS close, e.price - s1d.price AS change,
  round(((e.price::numeric / nullif(round(s1d.price::numeric, 40), 0)) - 1), 6) AS performance_1d, round(((e.price::numeric / nullif(round(s1w.price::numeric, 40), 0)) - 1), 6) AS performance_1w, round(((e.price::numeric / nullif(round(s1m.price::numeric, 40), 0)) - 1), 6) AS performance_1m, round(((e.price::numeric / nullif(round(s3m.price::numeric, 40), 0)) - 1), 6) AS performance_3m, round(((e.price::numeric / nullif(round(sqtd.price::numeric, 40), 0)) - 1), 6) AS performance_qtd, round(((e.price::numeric / nullif(round(sytd.price::numeric, 40), 0)) - 1), 6) AS performance_ytd, round(((e.price::numeric / nullif(round(s1y.price::numeric, 40), 0)) - 1), 6) AS performance_1y,
  a.sma_50, a.sma_200, round(((e.price::numeric / nullif(round(a.sma_50::numeric, 40), 0)) - 1), 6) AS distance_sma_50,
  round(((e.price::numeric / nullif(round(a.sma_200::numeric, 40), 0)) - 1), 6) AS distance_sma_200,
  CASE WHEN e.price > a.sma_50 AND e.price > a.sma_200 THEN 'up' WHEN e.price < a.sma_50 AND e.price < a.sma_200 THEN 'down'
    WHEN a.sma_50 IS NOT NULL AND a.sma_200 IS NOT NULL THEN 'mixed' END AS trend,
  y.year_high, y.year_low, greatest(a.as_of, s1d.stored_at, s1w.stored_at, s1m.stored_at, s3m.stored_at, sqtd.stored_at, sytd.stored_at, s1y.stored_at) AS as_of
FROM scope s
JOIN (VALUES ('^GSPC', 'S&P 500', 'USD'), ('^IXIC', 'Nasdaq Composite', 'USD'), ('^DJI', 'Dow Jones Industrial Average', 'USD'), ('^GSPTSE', 'S&P/TSX Composite', 'CAD')) i (symbol, name, currency) ON i.symbol = s.symbol
CROSS JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND true ORDER BY p.date DESC LIMIT 1) e
LEFT JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND p.date <= (e.day - 1) AND p.date >= (e.day - 1) - 7 ORDER BY p.date DESC LIMIT 1) s1d ON true
LEFT JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND p.date <= (e.day - 7) AND p.date >= (e.day - 7) - 7 ORDER BY p.date DESC LIMIT 1) s1w ON true
LEFT JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND p.date <= (e.day - interval '1 months')::date AND p.date >= (e.day - interval '1 months')::date - 7 ORDER BY p.date DESC LIMIT 1) s1m ON true
LEFT JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND p.date <= (e.day - interval '3 months')::date AND p.date >= (e.day - interval '3 months')::date - 7 ORDER BY p.date DESC LIMIT 1) s3m ON true
LEFT JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND p.date <= (date_trunc('quarter', e.day::timestamp)::date - 1) AND p.date >= (date_trunc('quarter', e.day::timestamp)::date - 1) - 7 ORDER BY p.date DESC LIMIT 1) sqtd ON true
LEFT JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND p.date <= (date_trunc('year', e.day::timestamp)::date - 1) AND p.date >= (date_trunc('year', e.day::timestamp)::date - 1) - 7 ORDER BY p.date DESC LIMIT 1) sytd ON true
LEFT JOIN LATERAL (SELECT p.close AS price, p.date AS day, p.updated_at AS stored_at FROM public.fmp_index_price p
  WHERE p.symbol = s.symbol AND p.close > 0 AND p.date <= (e.day - interval '12 months')::date AND p.date >= (e.day - interval '12 months')::date - 7 ORDER BY p.date DESC LIMIT 1) s1y ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN count(*) FILTER (WHERE c.place <= 50) = 50 THEN round(avg(c.close) FILTER (WHERE c.place <= 50), 6) END AS sma_50, CASE WHEN count(*) FILTER (WHERE c.place <= 200) = 200 THEN round(avg(c.close) FILTER (WHERE c.place <= 200), 6) END AS sma_200, max(c.updated_at) AS as_of FROM (
    SELECT x.close, x.updated_at, row_number() OVER (ORDER BY x.date DESC) AS place FROM public.fmp_index_price x
    WHERE x.symbol = s.symbol AND x.close > 0 ORDER BY x.date DESC LIMIT 200
  ) c
) a
CROSS JOIN LATERAL (
  SELECT max(coalesce(x.high, x.close)) AS year_high, min(coalesce(x.low, x.close)) AS year_low FROM public.fmp_index_price x
  WHERE x.symbol = s.symbol AND x.close > 0 AND x.date > (e.day - interval '12 months')::date AND x.date <= e.day
) y
) q;

CREATE OR REPLACE VIEW sra.index_performance AS
SELECT symbol, name, currency, date, close, change, performance_1d, performance_1w, performance_1m, performance_3m, performance_qtd, performance_ytd, performance_1y, sma_50, sma_200, distance_sma_50, distance_sma_200, trend, year_high, year_low, as_of, last_run_id
FROM published.index_performance;

COMMENT ON VIEW sra.index_performance IS 'One row each for S&P 500, Nasdaq Composite, Dow Jones Industrial Average and S&P/TSX Composite: performance, trend. Performance is P(end) / P(start) - 1 of the closing level, without dividends: the end is the newest close, the start the last one before it (1d), or on or before the end minus 7 days, 1, 3, 12 calendar months, or the last day of the former quarter (qtd) or year (ytd); NULL where that is over 7 days older than asked for. Computed with 40 digits, rounded half up to six decimals. sma_50 and sma_200 are the means of the newest 50 and 200 closes, NULL where there are fewer. trend is up above both, down below both, mixed between. Source: specification, section 5.';

COMMENT ON COLUMN sra.index_performance.symbol IS 'The vendor''s symbol of the index.';

COMMENT ON COLUMN sra.index_performance.name IS 'Name of the index.';

COMMENT ON COLUMN sra.index_performance.currency IS 'Currency of its members'' prices.';

COMMENT ON COLUMN sra.index_performance.date IS 'Session of the newest close.';

COMMENT ON COLUMN sra.index_performance.close IS 'Newest closing level. Unit: index points.';

COMMENT ON COLUMN sra.index_performance.change IS 'Change since the close before. Unit: index points.';

COMMENT ON COLUMN sra.index_performance.performance_1d IS 'Performance over one session. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.performance_1w IS 'Performance over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.performance_1m IS 'Performance over one month. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.performance_3m IS 'Performance over a quarter: three months. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.performance_qtd IS 'Performance since the former calendar quarter''s end. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.performance_ytd IS 'Performance since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.performance_1y IS 'Performance over one year. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.sma_50 IS 'Mean of the newest 50 closes. Unit: index points.';

COMMENT ON COLUMN sra.index_performance.sma_200 IS 'Mean of the newest 200 closes. Unit: index points.';

COMMENT ON COLUMN sra.index_performance.distance_sma_50 IS 'close / sma_50 - 1. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.distance_sma_200 IS 'close / sma_200 - 1. Unit: fraction.';

COMMENT ON COLUMN sra.index_performance.trend IS 'close against both averages.';

COMMENT ON COLUMN sra.index_performance.year_high IS 'Highest level of twelve months. Unit: index points.';

COMMENT ON COLUMN sra.index_performance.year_low IS 'Lowest level of twelve months. Unit: index points.';

COMMENT ON COLUMN sra.index_performance.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.index_performance.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
