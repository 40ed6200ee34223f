-- equity_quote_history, digest caa6acd4a46e20f13b022734c42c4d52;

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
  q.last_run_id::uuid,
  q.delivered_symbol::text
FROM (
SELECT q.listed AS symbol, q.date, m.currency, q.open, q.high, q.low, q.close, q.volume,
  round(q.open / coalesce(a.split_factor, 1), 12) AS split_adjusted_open, round(q.high / coalesce(a.split_factor, 1), 12) AS split_adjusted_high, round(q.low / coalesce(a.split_factor, 1), 12) AS split_adjusted_low, round(q.close / coalesce(a.split_factor, 1), 12) AS split_adjusted_close,
  round(q.volume * coalesce(a.split_factor, 1), 12) AS split_adjusted_volume,
  round(q.close / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END, 12) AS total_return_close,
  coalesce(a.split_factor, 1) AS split_factor, CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END
    AS total_return_factor,
  greatest(q.updated_at, a.as_of) AS as_of,
  CASE WHEN a.as_of > q.updated_at THEN a.last_run_id ELSE q.run_id END AS last_run_id, q.symbol AS delivered_symbol
FROM (
  SELECT p.*, p.symbol AS listed FROM public.fmp_eod_price p WHERE (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND NOT EXISTS (
    SELECT FROM public.fmp_symbol_change c JOIN public.fmp_symbol_alias g ON g.symbol = c.old_symbol AND g.valid_to >= c.date
    WHERE c.old_symbol = p.symbol AND c.date > p.date)
  UNION ALL
  SELECT p.*, f.symbol FROM public.fmp_symbol_alias f
  JOIN public.fmp_eod_price p ON p.symbol = f.former_symbol AND p.date < f.valid_to
    AND (f.valid_from IS NULL OR p.date >= f.valid_from)
  WHERE (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'price_adjustment'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND NOT EXISTS (
    SELECT FROM public.fmp_eod_price o WHERE o.symbol = f.symbol AND o.date = p.date AND NOT EXISTS (
    SELECT FROM public.fmp_symbol_change c JOIN public.fmp_symbol_alias g ON g.symbol = c.old_symbol AND g.valid_to >= c.date
    WHERE c.old_symbol = o.symbol AND c.date > o.date))
) q
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = q.listed
LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = q.listed AND a.date > q.date ORDER BY a.date LIMIT 1) a ON true
) q;

COMMENT ON VIEW sra.equity_quote_history IS 'Prices of every listing and session: as delivered, adjusted for splits, and with dividends reinvested. open, high, low, close and volume are the vendor''s, unadjusted. split_adjusted_* are those in today''s shares: price / split_factor, volume x split_factor. total_return_close is close / total_return_factor, so that the ratio of two of them is the total return between their days, dividends reinvested on the ex-date. The factors are those of price_adjustment, computed with 40 digits; adjusted figures are rounded half up to twelve decimals. A new session shows with its factors: when price_adjustment holds the run that brought it. After a rename the sessions of the former symbol stand under the new one, which delivered_symbol tells. Source: specification, section 5.';

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

COMMENT ON COLUMN sra.equity_quote_history.last_run_id IS 'The run that last changed the row: its price, or an event that adjusts it.';

COMMENT ON COLUMN sra.equity_quote_history.delivered_symbol IS 'Symbol under which the vendor told the session.';
