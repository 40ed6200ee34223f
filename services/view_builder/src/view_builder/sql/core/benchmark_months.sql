-- The benchmarks of the months of ETFs, by month end: the level of each index and, for US dollars, the 3-month Treasury yield.
-- The months reach back ten years, because an ETF whose newest close is years old has months too.
-- Grain: one row per month end and benchmark. Key: day, symbol. Sources: fmp_index_price, fmp_treasury_rate.
-- Units: index points; percent a year.
CREATE OR REPLACE FUNCTION core.benchmark_months()
RETURNS TABLE (day date, symbol text, level numeric, rate numeric, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.day, y.symbol, l.level, r.rate, greatest(l.stored_at, r.stored_at)
FROM (
  SELECT core.month_end(newest.day, n.months) AS day
  FROM (SELECT max(p.date) AS day FROM public.fmp_index_price p WHERE p.symbol IN ('^GSPC', '^GSPTSE')) newest
  CROSS JOIN generate_series(-1, 120) n (months)
) d
CROSS JOIN (SELECT unnest(ARRAY['^GSPC', '^GSPTSE']) AS symbol) y
LEFT JOIN LATERAL core.level_on_or_before(y.symbol, d.day) l ON true
LEFT JOIN LATERAL (
  SELECT p.month3 AS rate, p.updated_at AS stored_at
  FROM public.fmp_treasury_rate p
  WHERE y.symbol = core.benchmark_index('USD') AND p.month3 IS NOT NULL AND p.date <= d.day AND p.date >= d.day - 7
  ORDER BY p.date DESC LIMIT 1
) r ON true
$$;
