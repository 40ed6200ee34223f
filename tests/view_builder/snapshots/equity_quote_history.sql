-- equity_quote_history, digest 936fc0e5f1aca806b804eb781955f20f;

CREATE OR REPLACE VIEW sra.equity_quote_history AS
SELECT
  q.symbol::text,
  q.date::date,
  q.quoted_at::timestamp with time zone,
  q.exchange::text,
  q.price::numeric,
  q.currency::text,
  q.adjusted_price::numeric,
  q.open::numeric,
  q.day_low::numeric,
  q.day_high::numeric,
  q.volume::numeric,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
SELECT q.symbol, (q.quoted_at AT TIME ZONE 'America/New_York')::date AS date, q.quoted_at, q.exchange, q.price, m.currency,
  round(q.price / coalesce(a.factor, 1)::numeric(80,40), 10) AS adjusted_price,
  q.open, q.day_low, q.day_high, q.volume, q.updated_at AS as_of, q.run_id AS last_run_id
FROM public.fmp_quote q
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = q.symbol
LEFT JOIN LATERAL (
  SELECT published.product(x.numerator / x.denominator::numeric(80,40)) AS factor FROM public.fmp_split x
  WHERE x.symbol = q.symbol AND x.date > (q.quoted_at AT TIME ZONE 'America/New_York')::date AND x.numerator > 0 AND x.denominator > 0
) a ON true
WHERE q.price IS NOT NULL AND NOT EXISTS (
  SELECT FROM public.fmp_quote o WHERE o.symbol = q.symbol AND o.price IS NOT NULL AND o.quoted_at > q.quoted_at
    AND o.quoted_at < ((q.quoted_at AT TIME ZONE 'America/New_York')::date + 1)::timestamp AT TIME ZONE 'America/New_York')
) q;

COMMENT ON VIEW sra.equity_quote_history IS 'Last quote of every listing and day, as delivered and adjusted by the splits since. The day is that of New York. adjusted_price is price / product(numerator / denominator) over all splits after the day, rounded half up to ten decimals; dividends leave it as it is.';

COMMENT ON COLUMN sra.equity_quote_history.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.equity_quote_history.date IS 'Day of the quote in New York.';

COMMENT ON COLUMN sra.equity_quote_history.quoted_at IS 'Moment of the quote, UTC.';

COMMENT ON COLUMN sra.equity_quote_history.exchange IS 'Exchange.';

COMMENT ON COLUMN sra.equity_quote_history.price IS 'Price as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.currency IS 'Currency of every amount of the row.';

COMMENT ON COLUMN sra.equity_quote_history.adjusted_price IS 'Price in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.open IS 'First price of the day, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.day_low IS 'Lowest price of the day, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.day_high IS 'Highest price of the day, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.volume IS 'Volume of the day, as delivered. Unit: shares.';

COMMENT ON COLUMN sra.equity_quote_history.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.equity_quote_history.last_run_id IS 'The run that stored the record.';
