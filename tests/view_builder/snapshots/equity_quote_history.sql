-- equity_quote_history, digest 3e8716e8f0df09039ddfb09750b3c841;

CREATE OR REPLACE VIEW sra.equity_quote_history AS
SELECT
  q.symbol::text,
  q.date::date,
  q.currency::text,
  q.open::numeric,
  q.high::numeric,
  q.low::numeric,
  q.close::numeric,
  q.volume::numeric,
  q.split_adjusted_open::numeric,
  q.split_adjusted_high::numeric,
  q.split_adjusted_low::numeric,
  q.split_adjusted_close::numeric,
  q.split_adjusted_volume::numeric,
  q.total_return_close::numeric,
  q.split_factor::numeric,
  q.total_return_factor::numeric,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
SELECT q.symbol, q.date, m.currency, q.open, q.high, q.low, q.close, q.volume,
  round(q.open / coalesce(a.split_factor, 1), 12) AS split_adjusted_open, round(q.high / coalesce(a.split_factor, 1), 12) AS split_adjusted_high, round(q.low / coalesce(a.split_factor, 1), 12) AS split_adjusted_low, round(q.close / coalesce(a.split_factor, 1), 12) AS split_adjusted_close,
  round(q.volume * coalesce(a.split_factor, 1), 12) AS split_adjusted_volume,
  round(q.close / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END, 12) AS total_return_close,
  coalesce(a.split_factor, 1) AS split_factor, CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END
    AS total_return_factor,
  q.updated_at AS as_of, q.run_id AS last_run_id
FROM public.fmp_eod_price q
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = q.symbol
LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor FROM sra.price_adjustment a WHERE a.symbol = q.symbol AND a.date > q.date ORDER BY a.date LIMIT 1) a ON true
) q;

COMMENT ON VIEW sra.equity_quote_history IS 'Prices of every listing and session: as delivered, adjusted for splits, and with dividends reinvested. open, high, low, close and volume are the vendor''s, unadjusted. split_adjusted_* are those in today''s shares: price / split_factor, volume x split_factor. total_return_close is close / total_return_factor, so that the ratio of two of them is the total return between their days, dividends reinvested on the ex-date. The factors are those of price_adjustment, computed with 40 digits; adjusted figures are rounded half up to twelve decimals. Source: specification, section 5.';

COMMENT ON COLUMN sra.equity_quote_history.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.equity_quote_history.date IS 'Session.';

COMMENT ON COLUMN sra.equity_quote_history.currency IS 'Currency of every amount of the row.';

COMMENT ON COLUMN sra.equity_quote_history.open IS 'First price of the session, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.high IS 'Highest price of the session, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.low IS 'Lowest price of the session, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.close IS 'Last price of the session, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.volume IS 'Shares traded in the session, as delivered. Unit: shares.';

COMMENT ON COLUMN sra.equity_quote_history.split_adjusted_open IS 'open in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.split_adjusted_high IS 'high in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.split_adjusted_low IS 'low in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.split_adjusted_close IS 'close in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.split_adjusted_volume IS 'volume in today''s shares. Unit: shares.';

COMMENT ON COLUMN sra.equity_quote_history.total_return_close IS 'close in today''s shares with all dividends since reinvested; NULL where one of them cannot be placed. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_quote_history.split_factor IS 'Today''s shares for one of the day. Unit: factor.';

COMMENT ON COLUMN sra.equity_quote_history.total_return_factor IS 'The same with all dividends since reinvested. Unit: factor.';

COMMENT ON COLUMN sra.equity_quote_history.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.equity_quote_history.last_run_id IS 'The run that stored the price.';
