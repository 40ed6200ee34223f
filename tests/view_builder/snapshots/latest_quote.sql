-- latest_quote, digest 6332af54d7bc2dcd9c6658431d4f0570;

CREATE TABLE published.latest_quote (
  source text,
  identifier text,
  type text,
  name text,
  price numeric,
  currency text,
  price_date date,
  quoted_at timestamp with time zone,
  change numeric,
  change_percent numeric,
  volume numeric,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_latest_quote_21b08750 ON published.latest_quote (source, identifier);

CREATE INDEX ix_latest_quote_d2e5416d ON published.latest_quote (identifier);

CREATE INDEX ix_latest_quote_c4b907a9 ON published.latest_quote (price_date);

-- every scope
SELECT DISTINCT 'fundata' AS source, identifier FROM published.fund_quote_history
                UNION ALL SELECT 'fmp', identifier FROM sra.security_master WHERE source = 'fmp'
                UNION SELECT 'fmp', symbol FROM public.fmp_quote;

-- scopes that the runs $1 touched
SELECT DISTINCT 'fundata' AS source, identifier, run_id FROM public.fundata_quotes WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_quote WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT 'fmp' AS source, symbol AS identifier, run_id FROM (SELECT c.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[])) c UNION ALL SELECT a.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[])) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol UNION ALL SELECT a.symbol, a.run_id FROM public.fmp_symbol_alias a WHERE a.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, c.run_id FROM public.fmp_symbol_change c CROSS JOIN LATERAL (VALUES (c.old_symbol), (c.new_symbol)) n (symbol)
WHERE c.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, o.run_id FROM public.fmp_symbol_period o
CROSS JOIN LATERAL (VALUES (o.symbol), (o.owner_symbol)) n (symbol) WHERE o.run_id = ANY($1::uuid[])) c;

-- scopes that the runs $1 touched
SELECT 'fundata' AS source, identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset = 'FundGeneral';

-- scopes that the runs $1 touched
SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_universe WHERE run_id = ANY($1::uuid[])
UNION ALL
SELECT 'fmp', u.symbol, t.task_id
FROM public.task_execution_log t
JOIN public.fmp_universe u ON u.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp';

-- scopes that the runs $1 touched
SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[]);

-- rows of the scopes in `scope`
SELECT
  q.source::text,
  q.identifier::text,
  q.type::text,
  q.name::text,
  q.price::numeric,
  q.currency::text,
  q.price_date::date,
  q.quoted_at::timestamp with time zone,
  q.change::numeric,
  q.change_percent::numeric,
  q.volume::numeric,
  q.as_of::timestamp with time zone
FROM (
SELECT s.source, s.identifier, m.type, m.name, q.price, m.currency, q.price_date, NULL::timestamptz AS quoted_at, q.change,
  q.change_percent, NULL::numeric AS volume, greatest(q.processed_at, m.as_of) AS as_of
FROM scope s
CROSS JOIN LATERAL (
  SELECT h.navps AS price, h.date AS price_date, h.change, h.change_percent, h.stored_at AS processed_at
  FROM published.fund_quote_history h WHERE s.source = 'fundata' AND h.identifier = s.identifier
  ORDER BY h.date DESC LIMIT 1
) q
LEFT JOIN sra.security_master m ON m.source = s.source AND m.identifier = s.identifier
UNION ALL
SELECT s.source, s.identifier, m.type, coalesce(m.name, q.name), p.price, m.currency, p.day, q.quoted_at, p.change,
  p.change_percentage, p.volume, greatest(q.updated_at, e.stored_at, m.as_of)
FROM scope s
LEFT JOIN sra.security_master m ON m.source = s.source AND m.identifier = s.identifier
LEFT JOIN LATERAL (
  SELECT q.*, (q.quoted_at AT TIME ZONE 'America/New_York')::date AS day FROM public.fmp_quote q
  WHERE q.symbol = s.identifier AND q.price IS NOT NULL ORDER BY q.quoted_at DESC LIMIT 1
) q ON true
LEFT JOIN LATERAL (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT m.identifier AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = m.identifier ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = m.identifier) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE p.symbol = ln.name AND (ln.since IS NULL OR p.date >= ln.since) AND (ln.until IS NULL OR p.date < ln.until) AND p.close > 0 AND (p.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND true
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) e ON true
CROSS JOIN LATERAL (
  -- the quote tells more than the close of its own day
  SELECT q.price, q.day, q.change, q.change_percentage, q.volume WHERE q.day >= e.day OR e.day IS NULL
  UNION ALL SELECT e.price, e.day, NULL, NULL, e.volume WHERE e.day > q.day OR q.day IS NULL
) p
WHERE s.source = 'fmp' AND p.price IS NOT NULL
) q;

CREATE OR REPLACE VIEW sra.latest_quote AS
SELECT source, identifier, type, name, price, currency, price_date, quoted_at, change, change_percent, volume, as_of, last_run_id
FROM published.latest_quote;

COMMENT ON VIEW sra.latest_quote IS 'Newest price or NAVPS that is not NULL, one row per security. A fund''s comes from the newest day that has one, FundDailyNAVPS before Pricing, with all delivered digits. A listing''s comes from its newest quote, or from its newest close where that is of a later day; the day is that of New York, where all five exchanges keep their time.';

COMMENT ON COLUMN sra.latest_quote.source IS 'Vendor.';

COMMENT ON COLUMN sra.latest_quote.identifier IS 'InstrumentKey of a fund, symbol of a listing.';

COMMENT ON COLUMN sra.latest_quote.type IS 'equity, etf or fund; none where the security is not in security_master.';

COMMENT ON COLUMN sra.latest_quote.name IS 'Name to show.';

COMMENT ON COLUMN sra.latest_quote.price IS 'Price, or net asset value per share. Unit: currency of the row.';

COMMENT ON COLUMN sra.latest_quote.currency IS 'Currency of price and change; none where the vendor gives none.';

COMMENT ON COLUMN sra.latest_quote.price_date IS 'Day of the price.';

COMMENT ON COLUMN sra.latest_quote.quoted_at IS 'Moment of the newest quote; none for a fund, which has one value a day.';

COMMENT ON COLUMN sra.latest_quote.change IS 'Change since the day before, vendor''s; none where the price is a close. Unit: currency of the row.';

COMMENT ON COLUMN sra.latest_quote.change_percent IS 'The same in percent, vendor''s. Unit: percent.';

COMMENT ON COLUMN sra.latest_quote.volume IS 'Volume of the day; none for a fund. Unit: shares.';

COMMENT ON COLUMN sra.latest_quote.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.latest_quote.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
