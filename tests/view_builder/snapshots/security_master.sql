-- security_master, digest 3115f2e69dda1c5949a7d417f9880b58;

CREATE TABLE published.security_master (
  source text,
  identifier text,
  name text,
  name_en text,
  name_fr text,
  type text,
  exchange text,
  currency text,
  family text,
  company text,
  sector text,
  industry text,
  country text,
  isin text,
  inception_date date,
  is_active boolean,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_security_master_21b08750 ON published.security_master (source, identifier);

CREATE INDEX ix_security_master_d2e5416d ON published.security_master (identifier);

CREATE INDEX ix_security_master_b0c12dda ON published.security_master (isin);

CREATE INDEX ix_security_master_c528870b ON published.security_master (lower(name) text_pattern_ops);

CREATE INDEX ix_security_master_44c11ddf ON published.security_master USING gin (to_tsvector('simple', coalesce(name_en, '') || ' ' || coalesce(name_fr, '')));

-- every scope
SELECT 'fundata' AS source, identifier FROM public.fundata_data WHERE dataset = 'FundGeneral'
UNION SELECT 'fmp', symbol FROM public.fmp_universe
UNION SELECT 'fmp', symbol FROM public.equity_profile;

-- scopes that the runs $1 touched
SELECT 'fundata' AS source, identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset = 'FundGeneral';

-- scopes that the runs $1 touched
SELECT 'fundata' AS source, identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset = 'InstrumentIdentifier';

-- scopes that the runs $1 touched
SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_universe WHERE run_id = ANY($1::uuid[])
UNION ALL
SELECT 'fmp', u.symbol, t.task_id
FROM public.task_execution_log t
JOIN public.fmp_universe u ON u.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp';

-- scopes that the runs $1 touched
SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT 'fmp' AS source, symbol AS identifier, run_id FROM public.fmp_etf_info WHERE run_id = ANY($1::uuid[]);

-- rows of the scopes in `scope`
SELECT
  q.source::text,
  q.identifier::text,
  q.name::text,
  q.name_en::text,
  q.name_fr::text,
  q.type::text,
  q.exchange::text,
  q.currency::text,
  q.family::text,
  q.company::text,
  q.sector::text,
  q.industry::text,
  q.country::text,
  q.isin::text,
  q.inception_date::date,
  q.is_active::boolean,
  q.as_of::timestamp with time zone
FROM (
SELECT s.source, s.identifier, coalesce(f.name_en, f.name_fr, f.name_other) AS name, f.name_en, f.name_fr, 'fund' AS type,
  NULL::text AS exchange, f.currency, f.family_name AS family, f.company, NULL::text AS sector, NULL::text AS industry,
  NULL::text AS country, i.isin, f.inception_date, true AS is_active, greatest(f.as_of, i.as_of) AS as_of
FROM scope s CROSS JOIN LATERAL (
  SELECT
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE lower(d.language) LIKE 'en%' AND d.legal_name IS NOT NULL))[1] AS name_en,
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE lower(d.language) LIKE 'fr%' AND d.legal_name IS NOT NULL))[1] AS name_fr,
    (array_agg(d.legal_name ORDER BY d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.legal_name IS NOT NULL))[1] AS name_other,
    (array_agg(d.currency ORDER BY NOT coalesce(lower(d.language) LIKE 'en%', false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.currency IS NOT NULL))[1] AS currency,
    (array_agg(d.family_name ORDER BY NOT coalesce(lower(d.language) LIKE 'en%', false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.family_name IS NOT NULL))[1] AS family_name,
    (array_agg(d.company ORDER BY NOT coalesce(lower(d.language) LIKE 'en%', false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.company IS NOT NULL))[1] AS company,
    (array_agg(d.inception_date ORDER BY NOT coalesce(lower(d.language) LIKE 'en%', false), d.change_date DESC NULLS LAST, d.record_id)
      FILTER (WHERE d.inception_date IS NOT NULL))[1] AS inception_date,
    max(d.processed_at) AS as_of
  FROM public.fundata_data d
  WHERE s.source = 'fundata' AND d.identifier = s.identifier AND d.dataset = 'FundGeneral' AND d.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.record_id = d.record_id AND x.dataset = d.dataset AND x.data_version = d.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_data_superseded y WHERE y.identifier = x.identifier AND y.record_id = x.record_id AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))
  HAVING count(*) > 0
) f
LEFT JOIN LATERAL (
  SELECT min(d.identifier_value) AS isin, max(d.processed_at) AS as_of FROM public.fundata_data d
  WHERE d.identifier = s.identifier AND d.dataset = 'InstrumentIdentifier' AND upper(d.identifier_type) = 'ISIN'
    AND d.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.record_id = d.record_id AND x.dataset = d.dataset AND x.data_version = d.data_version AND (x.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OR EXISTS (SELECT FROM public.fundata_data_superseded y WHERE y.identifier = x.identifier AND y.record_id = x.record_id AND y.dataset = x.dataset AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')) OFFSET 0))) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))
) i ON true
UNION ALL
SELECT s.source, s.identifier, coalesce(p.company_name, u.company_name), coalesce(p.company_name, u.company_name), NULL,
  CASE WHEN coalesce(u.is_etf, p.is_etf) THEN 'etf' WHEN u.is_fund THEN 'fund' ELSE 'equity' END,
  coalesce(u.exchange, p.exchange), p.currency, NULL, coalesce(p.company_name, u.company_name),
  coalesce(p.sector, u.sector), coalesce(p.industry, u.industry), coalesce(p.country, u.country),
  coalesce(nullif(i.isin, ''), nullif(p.raw_json ->> 'isin', '')), i.inception_date,
  coalesce(u.valid_to IS NULL AND coalesce(u.is_actively_trading, true), p.is_actively_trading, false),
  greatest(p.updated_at, u.updated_at, i.updated_at)
FROM scope s
LEFT JOIN LATERAL (
  SELECT * FROM public.fmp_universe u WHERE u.symbol = s.identifier
  ORDER BY u.valid_to IS NOT NULL, u.valid_to DESC, u.row_id DESC LIMIT 1
) u ON true
LEFT JOIN LATERAL (
  SELECT * FROM public.equity_profile p WHERE p.symbol = s.identifier
  ORDER BY p.exchange IS DISTINCT FROM u.exchange, p.updated_at DESC, p.exchange LIMIT 1
) p ON true
LEFT JOIN public.fmp_etf_info i ON i.symbol = s.identifier
WHERE s.source = 'fmp' AND (u.symbol IS NOT NULL OR p.symbol IS NOT NULL)
) q;

CREATE OR REPLACE VIEW sra.security_master AS
SELECT source, identifier, name, name_en, name_fr, type, exchange, currency, family, company, sector, industry, country, isin, inception_date, is_active, as_of, last_run_id
FROM published.security_master;

COMMENT ON VIEW sra.security_master IS 'One row per security: equities and ETFs by symbol, funds by Fundata''s InstrumentKey. A fund''s name is the English one, else the French one, else that of a record in neither; both are kept. A listing that left the universe stays, inactive.';

COMMENT ON COLUMN sra.security_master.source IS 'Vendor, which also tells the space of the identifier.';

COMMENT ON COLUMN sra.security_master.identifier IS 'InstrumentKey of a fund, symbol of a listing.';

COMMENT ON COLUMN sra.security_master.name IS 'Name to show: English, else French, else in whatever language there is.';

COMMENT ON COLUMN sra.security_master.name_en IS 'English name.';

COMMENT ON COLUMN sra.security_master.name_fr IS 'French name.';

COMMENT ON COLUMN sra.security_master.type IS 'Kind of security.';

COMMENT ON COLUMN sra.security_master.exchange IS 'Exchange of the listing; none for a Fundata fund.';

COMMENT ON COLUMN sra.security_master.currency IS 'Currency of its prices, as the vendor gives it.';

COMMENT ON COLUMN sra.security_master.family IS 'Fund family.';

COMMENT ON COLUMN sra.security_master.company IS 'Company, or manager of the fund.';

COMMENT ON COLUMN sra.security_master.sector IS 'Sector.';

COMMENT ON COLUMN sra.security_master.industry IS 'Industry.';

COMMENT ON COLUMN sra.security_master.country IS 'Country of the issuer, ISO 3166 alpha-2 as a rule.';

COMMENT ON COLUMN sra.security_master.isin IS 'ISIN, vendor''s.';

COMMENT ON COLUMN sra.security_master.inception_date IS 'First day of the fund or ETF.';

COMMENT ON COLUMN sra.security_master.is_active IS 'Whether it is in the present universe, or the fund''s record is active.';

COMMENT ON COLUMN sra.security_master.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.security_master.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
