-- price_adjustment, digest 177a30bb001e11b83087e13c71390c88;

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
SELECT symbol FROM public.fmp_split UNION SELECT symbol FROM public.fmp_dividend UNION SELECT symbol FROM public.fmp_symbol_alias;

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
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
SELECT e.symbol, e.date, e.numerator AS split_numerator, e.denominator AS split_denominator, e.dividend,
  m.currency, e.reinvestment_date, e.reinvestment_price,
  greatest(round(published.product(e.split_ratio) OVER later, 40), 1e-40) AS split_factor,
  CASE WHEN NOT bool_or(e.total_ratio IS NULL) OVER later
    THEN greatest(round(published.product(e.total_ratio) OVER later, 40), 1e-40) END AS total_return_factor,
  left(max(e.stamp) OVER later, 26)::timestamp AT TIME ZONE 'UTC' AS as_of,
  right(max(e.stamp) OVER later, 36)::uuid AS last_run_id
FROM (
  SELECT s.symbol, v.date, v.numerator, v.denominator, v.dividend, r.day AS reinvestment_date,
    r.price AS reinvestment_price, o.ratio AS split_ratio,
    greatest(v.stamp, to_char(c.stored_at, 'YYYY-MM-DD HH24:MI:SS.US') || c.run_id::text, CASE WHEN g.days IS NOT NULL THEN (
      SELECT max(x.stamp) FROM unnest(g.days, g.stamps) x (day, stamp) WHERE x.day >= v.date) END) AS stamp,
    CASE WHEN v.dividend IS NULL OR r.price IS NULL AND v.date <= f.day THEN o.ratio
      WHEN r.price IS NULL THEN NULL WHEN v.date < max(v.date) OVER one_close THEN o.ratio
      ELSE o.ratio * (1 + sum((v.dividend::numeric / nullif(round((r.price * r.splits)::numeric, 40), 0))) OVER one_close) END AS total_ratio
  FROM scope s
  CROSS JOIN LATERAL (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) n
  CROSS JOIN LATERAL (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
      ORDER BY p.date LIMIT 1
    ) p ORDER BY p.day, ln.until DESC NULLS FIRST LIMIT 1) f
  -- an event that ended changed the factors of the days up to its own
  CROSS JOIN LATERAL (
    SELECT array_agg(x.date) AS days, array_agg(to_char(x.valid_to, 'YYYY-MM-DD HH24:MI:SS.US') || x.ended_run_id::text) AS stamps FROM (SELECT x.date, x.valid_to, x.ended_run_id FROM (SELECT x.* FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (
        SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.ended_run_id IS NOT NULL OFFSET 0) x) x UNION ALL SELECT x.date, x.valid_to, x.ended_run_id FROM (SELECT x.* FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (
        SELECT x.* FROM public.fmp_dividend x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.ended_run_id IS NOT NULL OFFSET 0) x) x) x
  ) g
  CROSS JOIN LATERAL (
    SELECT coalesce(p.date, d.date) AS date, p.numerator, p.denominator, d.dividend,
      greatest(to_char(p.updated_at, 'YYYY-MM-DD HH24:MI:SS.US') || p.run_id::text, d.stamp) AS stamp
    FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000 OFFSET 0) x
    ) x WHERE x.name_rank = 1) p
    FULL JOIN (
      -- all payments of a day
      SELECT d.date, sum(d.dividend) AS dividend, max(to_char(d.updated_at, 'YYYY-MM-DD HH24:MI:SS.US') || d.run_id::text) AS stamp
      FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_dividend x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.dividend > 0 AND x.dividend < 1e12 OFFSET 0) x
    ) x WHERE x.name_rank = 1) d GROUP BY d.date
    ) d ON d.date = p.date
  ) v
  CROSS JOIN LATERAL (
    SELECT coalesce((v.numerator::numeric / nullif(round(v.denominator::numeric, 40), 0)), 1) AS ratio
  ) o
  -- the close from which on the event counts, at which a dividend is reinvested
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date >= v.date AND p.date <= v.date + 366
      ORDER BY p.date LIMIT 1
    ) p ORDER BY p.day, ln.until DESC NULLS FIRST LIMIT 1) c ON true
  LEFT JOIN LATERAL (
    SELECT c.day, c.price, coalesce((SELECT published.product((y.numerator::numeric / nullif(round(y.denominator::numeric, 40), 0))) FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000 AND x.date > v.date AND x.date <= c.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) y), 1) AS splits
    WHERE v.dividend IS NOT NULL AND c.day <= v.date + 7
  ) r ON true
  WHERE v.date <= n.day
  -- dividends between two closes buy at the same one, none of them for the other
  WINDOW one_close AS (PARTITION BY s.symbol, r.day)
) e
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = e.symbol
WINDOW later AS (PARTITION BY e.symbol ORDER BY e.date DESC)
) q;

CREATE OR REPLACE VIEW sra.price_adjustment AS
SELECT symbol, date, split_numerator, split_denominator, dividend, currency, reinvestment_date, reinvestment_price, split_factor, total_return_factor, as_of, last_run_id
FROM published.price_adjustment;

COMMENT ON VIEW sra.price_adjustment IS 'Splits and dividends of every listing, with the factors by which prices before them are divided. A price of day d in today''s shares is price / split_factor, and with dividends reinvested price / total_return_factor, both of the first row of the symbol whose date is after d; without such a row the price stands as it is. An event counts from the first close on or after its date, so that what is only announced changes nothing. split_factor is the product of numerator / denominator over this event and all later ones; total_return_factor the product of numerator / denominator x (1 + dividend / close), the close being the first one on or after the ex-date, at most 7 days later, in shares of the ex-date: what each dividend buys on its ex-date. Dividends that share a close are added before they are counted, on the last of them, and so are payments of one day. An event that the vendor withdrew counts no longer. The factor is NULL before a dividend without such a close, unless that lies before all closes anyway. After a rename the events of the former symbol stand under the new one too. Computed with 40 digits. Source: specification, section 5 (distributions reinvested on the ex-date, splits adjusted).';

COMMENT ON COLUMN sra.price_adjustment.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.price_adjustment.date IS 'First day with the new number of shares; of a dividend the ex-date.';

COMMENT ON COLUMN sra.price_adjustment.split_numerator IS 'New shares for split_denominator old ones; none without a split. Unit: shares.';

COMMENT ON COLUMN sra.price_adjustment.split_denominator IS 'Old shares. Unit: shares.';

COMMENT ON COLUMN sra.price_adjustment.dividend IS 'Dividends per share of the day, all payments together; none without a dividend. Unit: currency of the row.';

COMMENT ON COLUMN sra.price_adjustment.currency IS 'Currency of every amount of the row: the listing''s.';

COMMENT ON COLUMN sra.price_adjustment.reinvestment_date IS 'Session at whose close the dividend is reinvested.';

COMMENT ON COLUMN sra.price_adjustment.reinvestment_price IS 'That close, as delivered. Unit: currency of the row.';

COMMENT ON COLUMN sra.price_adjustment.split_factor IS 'Today''s shares for one before the day. Unit: factor.';

COMMENT ON COLUMN sra.price_adjustment.total_return_factor IS 'The same with all dividends since reinvested. Unit: factor.';

COMMENT ON COLUMN sra.price_adjustment.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.price_adjustment.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
