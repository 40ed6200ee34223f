-- equity_quote_history, digest 95eeee6d2e4b42b5e9ff10c5d4fe32be;

CREATE TABLE published.equity_quote_history (
  symbol text,
  date date,
  currency text,
  open numeric,
  high numeric,
  low numeric,
  close numeric,
  volume numeric,
  as_of timestamp with time zone,
  last_run_id uuid,
  delivered_symbol text
);

CREATE UNIQUE INDEX ix_equity_quote_history_5a1ba5b1 ON published.equity_quote_history (symbol, date);

CREATE INDEX ix_equity_quote_history_25732718 ON published.equity_quote_history (date);

-- every scope
SELECT symbol FROM public.fmp_eod_price UNION SELECT symbol FROM public.fmp_symbol_alias;

-- scopes that the runs $1 touched
WITH written AS (SELECT symbol, min(date) AS since, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[]) GROUP BY symbol, run_id)
SELECT w.symbol, w.since, w.run_id FROM written w
UNION ALL
SELECT f.symbol, w.since, w.run_id FROM written w JOIN public.fmp_symbol_alias f ON f.former_symbol = w.symbol;

-- scopes that the runs $1 touched
SELECT n.symbol, '-infinity'::date AS since, n.run_id FROM (
SELECT a.symbol, a.run_id FROM public.fmp_symbol_alias a WHERE a.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, c.run_id FROM public.fmp_symbol_change c CROSS JOIN LATERAL (VALUES (c.old_symbol), (c.new_symbol)) n (symbol)
WHERE c.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, o.run_id FROM public.fmp_symbol_period o
CROSS JOIN LATERAL (VALUES (o.symbol), (o.owner_symbol)) n (symbol) WHERE o.run_id = ANY($1::uuid[])
) n;

-- scopes that the runs $1 touched
SELECT c.symbol, '-infinity'::date AS since, c.run_id FROM (SELECT identifier AS symbol, run_id FROM (SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_universe WHERE run_id = ANY($1::uuid[])
UNION ALL
SELECT 'fmp', u.symbol, t.task_id
FROM public.task_execution_log t
JOIN public.fmp_universe u ON u.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp') u) c
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = c.symbol
CROSS JOIN LATERAL (
  SELECT k.currency FROM published.equity_quote_history k WHERE k.symbol = c.symbol ORDER BY k.date DESC LIMIT 1
) k
WHERE k.currency IS DISTINCT FROM m.currency;

-- scopes that the runs $1 touched
SELECT c.symbol, '-infinity'::date AS since, c.run_id FROM (SELECT identifier AS symbol, run_id FROM (SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[])) u) c
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = c.symbol
CROSS JOIN LATERAL (
  SELECT k.currency FROM published.equity_quote_history k WHERE k.symbol = c.symbol ORDER BY k.date DESC LIMIT 1
) k
WHERE k.currency IS DISTINCT FROM m.currency;

-- rows of the scopes in `scope`
SELECT
  q.symbol::text,
  q.date::date,
  q.currency::text,
  q.open::numeric,
  q.high::numeric,
  q.low::numeric,
  q.close::numeric,
  q.volume::numeric,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid,
  q.delivered_symbol::text
FROM (
SELECT s.symbol, q.date, m.currency, q.open, q.high, q.low, q.close, q.volume, q.updated_at AS as_of, q.run_id AS last_run_id,
  q.symbol AS delivered_symbol
FROM scope s
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol
CROSS JOIN LATERAL (
  SELECT p.* FROM public.fmp_eod_price p
  WHERE p.symbol = s.symbol AND p.date >= s.since AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'equity_quote_history'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'equity_quote_history' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date >= coalesce((SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1), '-infinity')
  UNION ALL
  SELECT p.* FROM public.fmp_symbol_alias f
  JOIN public.fmp_eod_price p ON p.symbol = f.former_symbol AND p.date < f.valid_to
    AND (f.valid_from IS NULL OR p.date >= f.valid_from)
  WHERE f.symbol = s.symbol AND p.date >= s.since AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked') UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = 'equity_quote_history'), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'equity_quote_history' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND NOT EXISTS (
    SELECT FROM public.fmp_eod_price o WHERE o.symbol = f.symbol AND o.date = p.date AND o.date >= coalesce((SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1), '-infinity'))
  OFFSET 0
) q
) q;

CREATE OR REPLACE VIEW sra.equity_quote_history AS
SELECT
  b.symbol,
  b.date,
  b.currency,
  b.open,
  b.high,
  b.low,
  b.close,
  b.volume,
  (trim_scale(round(CASE WHEN a.is_adjusted THEN b.open / a.split_factor ELSE b.open END, 12)))::numeric AS split_adjusted_open,
  (trim_scale(round(CASE WHEN a.is_adjusted THEN b.high / a.split_factor ELSE b.high END, 12)))::numeric AS split_adjusted_high,
  (trim_scale(round(CASE WHEN a.is_adjusted THEN b.low / a.split_factor ELSE b.low END, 12)))::numeric AS split_adjusted_low,
  (trim_scale(round(CASE WHEN a.is_adjusted THEN b.close / a.split_factor ELSE b.close END, 12)))::numeric AS split_adjusted_close,
  (trim_scale(round(CASE WHEN a.is_adjusted THEN b.volume * a.split_factor ELSE b.volume END, 12)))::numeric AS split_adjusted_volume,
  (trim_scale(round(CASE WHEN a.is_adjusted THEN b.close / a.total_return_factor ELSE b.close END, 12)))::numeric AS total_return_close,
  (CASE WHEN a.is_adjusted THEN trim_scale(a.split_factor) ELSE 1 END)::numeric AS split_factor,
  (CASE WHEN a.is_adjusted THEN trim_scale(a.total_return_factor) ELSE 1 END)::numeric AS total_return_factor,
  (greatest(b.as_of, a.as_of))::timestamp with time zone AS as_of,
  (CASE WHEN a.as_of > b.as_of THEN a.last_run_id ELSE b.last_run_id END)::uuid AS last_run_id,
  b.delivered_symbol
FROM published.equity_quote_history b
LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = b.symbol AND a.date > b.date ORDER BY a.date LIMIT 1) a ON true;

COMMENT ON VIEW sra.equity_quote_history IS 'Prices of every listing and session: as delivered, adjusted for splits, and with dividends reinvested. open, high, low, close and volume are the vendor''s, unadjusted. split_adjusted_* are those in today''s shares: price / split_factor, volume x split_factor. total_return_close is close / total_return_factor, so that the ratio of two of them is the total return between their days, dividends reinvested on the ex-date. The factors are those of price_adjustment, computed with 40 digits; adjusted figures are rounded half up to twelve decimals. An event shows in the same moment as the close from which on it counts. After a rename the sessions of the former symbol stand under the new one, which delivered_symbol tells. Source: specification, section 5.';

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
