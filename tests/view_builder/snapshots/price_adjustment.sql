-- price_adjustment, digest 6b698162352f353a6f53808d08cc8c41;

CREATE TABLE published.price_adjustment (
  symbol text,
  date date,
  split_numerator numeric,
  split_denominator numeric,
  dividend numeric,
  currency text,
  reinvestment_date date,
  reinvestment_price numeric,
  split_factor numeric,
  total_return_factor numeric,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_price_adjustment_5a1ba5b1 ON published.price_adjustment (symbol, date);

-- every scope
SELECT symbol FROM public.fmp_split UNION SELECT symbol FROM public.fmp_dividend;

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (
  SELECT symbol, run_id, min(date) AS first, max(date) AS last FROM public.fmp_eod_price
  WHERE run_id = ANY($1::uuid[]) GROUP BY symbol, run_id
) c
WHERE EXISTS (
  SELECT FROM (
    SELECT x.date FROM public.fmp_split x WHERE x.symbol = c.symbol AND x.numerator > 0 AND x.denominator > 0 UNION ALL SELECT x.date FROM public.fmp_dividend x WHERE x.symbol = c.symbol AND x.dividend > 0
  ) x
  WHERE x.date <= c.last AND (x.date >= c.first - 7 OR NOT EXISTS (
    SELECT FROM sra.price_adjustment a WHERE a.symbol = c.symbol AND a.date = x.date))
);

-- scopes that the runs $1 touched
SELECT symbol, run_id FROM public.fmp_split WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT symbol, run_id FROM public.fmp_dividend WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT identifier AS symbol, run_id FROM (SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_universe WHERE run_id = ANY($1::uuid[])
UNION ALL
SELECT 'fmp', u.symbol, t.task_id
FROM public.task_execution_log t
JOIN public.fmp_universe u ON u.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp') u;

-- scopes that the runs $1 touched
SELECT identifier AS symbol, run_id FROM (SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[])) u;

-- rows of the scopes in `scope`
SELECT
  q.symbol::text,
  q.date::date,
  q.split_numerator::numeric,
  q.split_denominator::numeric,
  q.dividend::numeric,
  q.currency::text,
  q.reinvestment_date::date,
  q.reinvestment_price::numeric,
  q.split_factor::numeric,
  q.total_return_factor::numeric,
  q.as_of::timestamp with time zone
FROM (
SELECT e.symbol, e.date, e.numerator AS split_numerator, e.denominator AS split_denominator, e.dividend,
  m.currency, e.reinvestment_date, e.price AS reinvestment_price,
  round(published.product(e.split_ratio) OVER later, 40) AS split_factor,
  CASE WHEN NOT bool_or(e.total_ratio IS NULL) OVER later
    THEN round(published.product(e.total_ratio) OVER later, 40) END AS total_return_factor,
  e.as_of
FROM (
  SELECT s.symbol, x.*, r.day AS reinvestment_date, r.price, o.ratio AS split_ratio,
    CASE WHEN x.dividend IS NULL OR r.price IS NULL AND x.date <= f.day THEN o.ratio
      WHEN r.price IS NULL THEN NULL WHEN x.date < max(x.date) OVER one_close THEN o.ratio
      ELSE o.ratio * (1 + sum(
        x.dividend / (r.price * r.splits)::numeric(80,40)) OVER one_close) END AS total_ratio
  FROM scope s
  CROSS JOIN LATERAL (SELECT p.close AS price, p.date AS day FROM public.fmp_eod_price p WHERE p.symbol = s.symbol AND p.close > 0 ORDER BY p.date DESC LIMIT 1) n
  CROSS JOIN LATERAL (
    SELECT p.date AS day FROM public.fmp_eod_price p WHERE p.symbol = s.symbol AND p.close > 0 ORDER BY p.date LIMIT 1
  ) f
  CROSS JOIN LATERAL (
    SELECT coalesce(p.date, d.date) AS date, p.numerator, p.denominator, d.dividend,
      greatest(p.updated_at, d.updated_at) AS as_of
    FROM (SELECT x.* FROM public.fmp_split x WHERE x.symbol = s.symbol AND x.numerator > 0 AND x.denominator > 0) p
    FULL JOIN (SELECT x.* FROM public.fmp_dividend x WHERE x.symbol = s.symbol AND x.dividend > 0) d ON d.date = p.date
  ) x
  CROSS JOIN LATERAL (
    SELECT coalesce(x.numerator / x.denominator::numeric(80,40), 1) AS ratio
  ) o
  LEFT JOIN LATERAL (
    SELECT p.date AS day, p.close AS price, coalesce((
        SELECT published.product(y.numerator / y.denominator::numeric(80,40)) FROM public.fmp_split y
        WHERE y.symbol = s.symbol AND y.numerator > 0 AND y.denominator > 0 AND y.date > x.date AND y.date <= p.date
      ), 1) AS splits
    FROM public.fmp_eod_price p
    WHERE x.dividend IS NOT NULL AND p.symbol = s.symbol AND p.close > 0
      AND p.date >= x.date AND p.date <= x.date + 7
    ORDER BY p.date LIMIT 1
  ) r ON true
  WHERE x.date <= n.day
  -- dividends between two closes buy at the same one, none of them for the other
  WINDOW one_close AS (PARTITION BY s.symbol, r.day)
) e
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = e.symbol
WINDOW later AS (PARTITION BY e.symbol ORDER BY e.date DESC)
) q;

CREATE OR REPLACE VIEW sra.price_adjustment AS
SELECT symbol, date, split_numerator, split_denominator, dividend, currency, reinvestment_date, reinvestment_price, split_factor, total_return_factor, as_of, last_run_id
FROM published.price_adjustment;

COMMENT ON VIEW sra.price_adjustment IS 'Splits and dividends of every listing, with the factors by which prices before them are divided. A price of day d in today''s shares is price / split_factor, and with dividends reinvested price / total_return_factor, both of the first row of the symbol whose date is after d; without such a row the price stands as it is. An event counts from the first close on or after its date, so that what is only announced changes nothing. split_factor is the product of numerator / denominator over this event and all later ones; total_return_factor the product of numerator / denominator x (1 + dividend / close), the close being the first one on or after the ex-date, at most 7 days later, in shares of the ex-date: what each dividend buys on its ex-date. Dividends that share a close are added before they are counted, on the last of them. The factor is NULL before a dividend without such a close, unless that lies before all closes anyway. Computed with 40 digits. Source: specification, section 5 (distributions reinvested on the ex-date, splits adjusted).';

COMMENT ON COLUMN sra.price_adjustment.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.price_adjustment.date IS 'First day with the new number of shares; of a dividend the ex-date.';

COMMENT ON COLUMN sra.price_adjustment.split_numerator IS 'New shares for split_denominator old ones; none without a split. Unit: shares.';

COMMENT ON COLUMN sra.price_adjustment.split_denominator IS 'Old shares. Unit: shares.';

COMMENT ON COLUMN sra.price_adjustment.dividend IS 'Dividend per share of the day; none without a dividend. Unit: currency of the row.';

COMMENT ON COLUMN sra.price_adjustment.currency IS 'Currency of every amount of the row: the listing''s.';

COMMENT ON COLUMN sra.price_adjustment.reinvestment_date IS 'Session at whose close the dividend is reinvested.';

COMMENT ON COLUMN sra.price_adjustment.reinvestment_price IS 'That close, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.price_adjustment.split_factor IS 'Today''s shares for one before the day. Unit: factor.';

COMMENT ON COLUMN sra.price_adjustment.total_return_factor IS 'The same with all dividends since reinvested. Unit: factor.';

COMMENT ON COLUMN sra.price_adjustment.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.price_adjustment.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
