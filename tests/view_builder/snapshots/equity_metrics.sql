-- equity_metrics, digest c1eb80b6306b71b42081ef161b156f2f;

CREATE TABLE published.equity_metrics (
  symbol text,
  name text,
  exchange text,
  sector text,
  industry text,
  currency text,
  price numeric,
  price_date date,
  change numeric,
  change_percentage numeric,
  market_cap numeric,
  performance_basis text,
  performance_date date,
  performance_1w numeric,
  performance_1m numeric,
  performance_3m numeric,
  performance_6m numeric,
  performance_ytd numeric,
  performance_1y numeric,
  performance_3y numeric,
  performance_5y numeric,
  valuation_basis text,
  pe_ratio numeric,
  price_to_book_ratio numeric,
  price_to_sales_ratio numeric,
  ev_to_ebitda numeric,
  dividend_yield numeric,
  reported_currency text,
  fundamentals_basis text,
  fundamentals_date date,
  revenue_ttm numeric,
  net_income_ttm numeric,
  eps_diluted_ttm numeric,
  free_cash_flow_ttm numeric,
  revenue_growth numeric,
  net_income_growth numeric,
  eps_growth numeric,
  gross_margin numeric,
  operating_margin numeric,
  net_margin numeric,
  return_on_equity numeric,
  return_on_assets numeric,
  debt_to_equity_ratio numeric,
  net_debt_to_ebitda numeric,
  current_ratio numeric,
  altman_z_score numeric,
  piotroski_score numeric,
  open numeric,
  day_low numeric,
  day_high numeric,
  previous_close numeric,
  year_low numeric,
  year_high numeric,
  price_avg50 numeric,
  price_avg200 numeric,
  volume numeric,
  quoted_at timestamp with time zone,
  price_return_1w numeric,
  price_return_1m numeric,
  price_return_3m numeric,
  price_return_6m numeric,
  price_return_ytd numeric,
  price_return_1y numeric,
  price_return_3y numeric,
  price_return_5y numeric,
  beta numeric,
  dividend_ttm numeric,
  enterprise_value numeric,
  free_cash_flow_yield numeric,
  gross_profit_ttm numeric,
  operating_income_ttm numeric,
  ebitda_ttm numeric,
  eps_ttm numeric,
  operating_cash_flow_ttm numeric,
  capital_expenditure_ttm numeric,
  total_assets numeric,
  total_liabilities numeric,
  total_stockholders_equity numeric,
  cash_and_short_term_investments numeric,
  total_debt numeric,
  net_debt numeric,
  ebitda_margin numeric,
  free_cash_flow_margin numeric,
  financial_leverage_ratio numeric,
  interest_coverage_ratio numeric,
  quarterly_revenue_growth numeric,
  quarterly_earnings_growth numeric,
  free_cash_flow_growth numeric,
  growth_fiscal_year integer,
  quarters jsonb,
  next_earnings_date date,
  next_eps_estimated numeric,
  type text,
  is_active boolean,
  country text,
  isin text,
  ceo text,
  website text,
  description text,
  employees numeric,
  ipo_date date,
  peer_symbols jsonb,
  as_of timestamp with time zone,
  last_run_id uuid,
  average_volume numeric,
  cusip text,
  cik text,
  address text,
  city text,
  state text,
  postal_code text,
  phone text,
  image text
);

CREATE UNIQUE INDEX ix_equity_metrics_6c2f5087 ON published.equity_metrics (symbol);

CREATE INDEX ix_equity_metrics_57b499e9 ON published.equity_metrics (exchange);

CREATE INDEX ix_equity_metrics_6864204c ON published.equity_metrics (sector, industry);

CREATE INDEX ix_equity_metrics_6ca08ec3 ON published.equity_metrics (market_cap DESC NULLS LAST);

-- every scope
SELECT identifier AS symbol FROM sra.security_master WHERE source = 'fmp' AND type = 'equity';

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_quote WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.equity_profile WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_income_statement WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_balance_sheet WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_cash_flow WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_financial_growth WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_income_growth WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_cash_flow_growth WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_ratio WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_key_metric WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_score WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_earning WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_peer WHERE run_id = ANY($1::uuid[]);

-- scopes that the runs $1 touched
SELECT c.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[])) c UNION ALL SELECT a.symbol, c.run_id FROM (SELECT DISTINCT symbol AS symbol, run_id FROM public.fmp_eod_price WHERE run_id = ANY($1::uuid[])) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol;

-- scopes that the runs $1 touched
SELECT x.symbol AS symbol, t.task_id AS run_id
FROM public.task_execution_log t
JOIN public.fmp_peer x ON x.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp';

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

-- rows of the scopes in `scope`
SELECT
  q.symbol::text,
  q.name::text,
  q.exchange::text,
  q.sector::text,
  q.industry::text,
  q.currency::text,
  q.price::numeric,
  q.price_date::date,
  q.change::numeric,
  q.change_percentage::numeric,
  q.market_cap::numeric,
  q.performance_basis::text,
  q.performance_date::date,
  q.performance_1w::numeric,
  q.performance_1m::numeric,
  q.performance_3m::numeric,
  q.performance_6m::numeric,
  q.performance_ytd::numeric,
  q.performance_1y::numeric,
  q.performance_3y::numeric,
  q.performance_5y::numeric,
  q.valuation_basis::text,
  q.pe_ratio::numeric,
  q.price_to_book_ratio::numeric,
  q.price_to_sales_ratio::numeric,
  q.ev_to_ebitda::numeric,
  q.dividend_yield::numeric,
  q.reported_currency::text,
  q.fundamentals_basis::text,
  q.fundamentals_date::date,
  q.revenue_ttm::numeric,
  q.net_income_ttm::numeric,
  q.eps_diluted_ttm::numeric,
  q.free_cash_flow_ttm::numeric,
  q.revenue_growth::numeric,
  q.net_income_growth::numeric,
  q.eps_growth::numeric,
  q.gross_margin::numeric,
  q.operating_margin::numeric,
  q.net_margin::numeric,
  q.return_on_equity::numeric,
  q.return_on_assets::numeric,
  q.debt_to_equity_ratio::numeric,
  q.net_debt_to_ebitda::numeric,
  q.current_ratio::numeric,
  q.altman_z_score::numeric,
  q.piotroski_score::numeric,
  q.open::numeric,
  q.day_low::numeric,
  q.day_high::numeric,
  q.previous_close::numeric,
  q.year_low::numeric,
  q.year_high::numeric,
  q.price_avg50::numeric,
  q.price_avg200::numeric,
  q.volume::numeric,
  q.quoted_at::timestamp with time zone,
  q.price_return_1w::numeric,
  q.price_return_1m::numeric,
  q.price_return_3m::numeric,
  q.price_return_6m::numeric,
  q.price_return_ytd::numeric,
  q.price_return_1y::numeric,
  q.price_return_3y::numeric,
  q.price_return_5y::numeric,
  q.beta::numeric,
  q.dividend_ttm::numeric,
  q.enterprise_value::numeric,
  q.free_cash_flow_yield::numeric,
  q.gross_profit_ttm::numeric,
  q.operating_income_ttm::numeric,
  q.ebitda_ttm::numeric,
  q.eps_ttm::numeric,
  q.operating_cash_flow_ttm::numeric,
  q.capital_expenditure_ttm::numeric,
  q.total_assets::numeric,
  q.total_liabilities::numeric,
  q.total_stockholders_equity::numeric,
  q.cash_and_short_term_investments::numeric,
  q.total_debt::numeric,
  q.net_debt::numeric,
  q.ebitda_margin::numeric,
  q.free_cash_flow_margin::numeric,
  q.financial_leverage_ratio::numeric,
  q.interest_coverage_ratio::numeric,
  q.quarterly_revenue_growth::numeric,
  q.quarterly_earnings_growth::numeric,
  q.free_cash_flow_growth::numeric,
  q.growth_fiscal_year::integer,
  q.quarters::jsonb,
  q.next_earnings_date::date,
  q.next_eps_estimated::numeric,
  q.type::text,
  q.is_active::boolean,
  q.country::text,
  q.isin::text,
  q.ceo::text,
  q.website::text,
  q.description::text,
  q.employees::numeric,
  q.ipo_date::date,
  q.peer_symbols::jsonb,
  q.as_of::timestamp with time zone,
  q.average_volume::numeric,
  q.cusip::text,
  q.cik::text,
  q.address::text,
  q.city::text,
  q.state::text,
  q.postal_code::text,
  q.phone::text,
  q.image::text
FROM (
SELECT s.symbol, m.name, m.exchange, m.type, m.currency, m.is_active, m.sector, m.industry, m.country, p.isin, p.ceo,
  p.website, p.description, p.employees, p.ipo_date, l.price, l.day AS price_date, q.quoted_at, l.change,
  l.change_percentage, q.volume, q.open, q.day_low, q.day_high, q.previous_close, q.year_low, q.year_high, q.price_avg50,
  q.price_avg200, c.market_cap, p.beta, v.dividend AS dividend_ttm, round((v.dividend::numeric / nullif(round(l.price::numeric, 40), 0)), 6) AS dividend_yield,
  b.basis AS performance_basis, e.day AS performance_date,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s1w.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s1w.price::numeric, 40), 0)) - 1), 6) END AS performance_1w,
  round(((e.price::numeric / nullif(round(s1w.price::numeric, 40), 0)) - 1), 6) AS price_return_1w,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s1m.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s1m.price::numeric, 40), 0)) - 1), 6) END AS performance_1m,
  round(((e.price::numeric / nullif(round(s1m.price::numeric, 40), 0)) - 1), 6) AS price_return_1m,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s3m.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s3m.price::numeric, 40), 0)) - 1), 6) END AS performance_3m,
  round(((e.price::numeric / nullif(round(s3m.price::numeric, 40), 0)) - 1), 6) AS price_return_3m,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s6m.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s6m.price::numeric, 40), 0)) - 1), 6) END AS performance_6m,
  round(((e.price::numeric / nullif(round(s6m.price::numeric, 40), 0)) - 1), 6) AS price_return_6m,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(sytd.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(sytd.price::numeric, 40), 0)) - 1), 6) END AS performance_ytd,
  round(((e.price::numeric / nullif(round(sytd.price::numeric, 40), 0)) - 1), 6) AS price_return_ytd,
  CASE WHEN b.basis = 'total_return' THEN round(((e.price::numeric / nullif(round(s1y.total::numeric, 40), 0)) - 1), 6) ELSE round(((e.price::numeric / nullif(round(s1y.price::numeric, 40), 0)) - 1), 6) END AS performance_1y,
  round(((e.price::numeric / nullif(round(s1y.price::numeric, 40), 0)) - 1), 6) AS price_return_1y,
  CASE WHEN b.basis = 'total_return' THEN round(power((e.price::numeric / nullif(round(s3y.total::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s3y.day)::numeric, 40), 0))) - 1, 6) ELSE round(power((e.price::numeric / nullif(round(s3y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s3y.day)::numeric, 40), 0))) - 1, 6) END AS performance_3y,
  round(power((e.price::numeric / nullif(round(s3y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s3y.day)::numeric, 40), 0))) - 1, 6) AS price_return_3y,
  CASE WHEN b.basis = 'total_return' THEN round(power((e.price::numeric / nullif(round(s5y.total::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s5y.day)::numeric, 40), 0))) - 1, 6) ELSE round(power((e.price::numeric / nullif(round(s5y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s5y.day)::numeric, 40), 0))) - 1, 6) END AS performance_5y,
  round(power((e.price::numeric / nullif(round(s5y.price::numeric, 40), 0)), (365.25::numeric / nullif(round((e.day - s5y.day)::numeric, 40), 0))) - 1, 6) AS price_return_5y,
  v.basis AS valuation_basis, CASE v.basis WHEN 'computed' THEN v.enterprise_value END AS enterprise_value,
  CASE v.basis WHEN 'computed' THEN round((l.price::numeric / nullif(round(CASE WHEN f.eps_diluted > 0 THEN f.eps_diluted END::numeric, 40), 0)), 6) WHEN 'vendor' THEN round(CASE WHEN o.price_to_earnings_ratio > 0 THEN o.price_to_earnings_ratio END, 6) END AS pe_ratio,
  CASE v.basis WHEN 'computed' THEN round((c.market_cap::numeric / nullif(round(CASE WHEN f.total_stockholders_equity > 0 THEN f.total_stockholders_equity END::numeric, 40), 0)), 6) WHEN 'vendor' THEN round(CASE WHEN o.price_to_book_ratio > 0 THEN o.price_to_book_ratio END, 6) END AS price_to_book_ratio,
  CASE v.basis WHEN 'computed' THEN round((c.market_cap::numeric / nullif(round(CASE WHEN f.revenue > 0 THEN f.revenue END::numeric, 40), 0)), 6) WHEN 'vendor' THEN round(CASE WHEN o.price_to_sales_ratio > 0 THEN o.price_to_sales_ratio END, 6) END AS price_to_sales_ratio,
  CASE v.basis WHEN 'computed' THEN round((v.enterprise_value::numeric / nullif(round(CASE WHEN f.ebitda > 0 THEN f.ebitda END::numeric, 40), 0)), 6) WHEN 'vendor' THEN round(CASE WHEN k.ev_to_ebitda > 0 THEN k.ev_to_ebitda END, 6) END AS ev_to_ebitda,
  CASE v.basis WHEN 'computed' THEN round((f.free_cash_flow::numeric / nullif(round(c.market_cap::numeric, 40), 0)), 6)
    WHEN 'vendor' THEN round(k.free_cash_flow_yield, 6) END AS free_cash_flow_yield,
  f.reported_currency, f.basis AS fundamentals_basis, f.date AS fundamentals_date,
  f.revenue AS revenue_ttm, f.gross_profit AS gross_profit_ttm, f.operating_income AS operating_income_ttm, f.ebitda AS ebitda_ttm, f.net_income AS net_income_ttm, trim_scale(round(f.eps, 10)) AS eps_ttm, trim_scale(round(f.eps_diluted, 10)) AS eps_diluted_ttm, f.operating_cash_flow AS operating_cash_flow_ttm, f.capital_expenditure AS capital_expenditure_ttm, f.free_cash_flow AS free_cash_flow_ttm,
  f.total_assets, f.total_liabilities, f.total_stockholders_equity, f.cash_and_short_term_investments, f.total_debt, f.net_debt,
  round((f.gross_profit::numeric / nullif(round(CASE WHEN f.revenue > 0 THEN f.revenue END::numeric, 40), 0)), 6) AS gross_margin,
  round((f.operating_income::numeric / nullif(round(CASE WHEN f.revenue > 0 THEN f.revenue END::numeric, 40), 0)), 6) AS operating_margin,
  round((f.ebitda::numeric / nullif(round(CASE WHEN f.revenue > 0 THEN f.revenue END::numeric, 40), 0)), 6) AS ebitda_margin, round((f.net_income::numeric / nullif(round(CASE WHEN f.revenue > 0 THEN f.revenue END::numeric, 40), 0)), 6) AS net_margin,
  round((f.free_cash_flow::numeric / nullif(round(CASE WHEN f.revenue > 0 THEN f.revenue END::numeric, 40), 0)), 6) AS free_cash_flow_margin,
  round((f.net_income::numeric / nullif(round(CASE WHEN f.total_stockholders_equity > 0 THEN f.total_stockholders_equity END::numeric, 40), 0)), 6) AS return_on_equity,
  round((f.net_income::numeric / nullif(round(CASE WHEN f.total_assets > 0 THEN f.total_assets END::numeric, 40), 0)), 6) AS return_on_assets,
  round((f.total_debt::numeric / nullif(round(CASE WHEN f.total_stockholders_equity > 0 THEN f.total_stockholders_equity END::numeric, 40), 0)), 6) AS debt_to_equity_ratio,
  round((f.total_assets::numeric / nullif(round(CASE WHEN f.total_stockholders_equity > 0 THEN f.total_stockholders_equity END::numeric, 40), 0)), 6) AS financial_leverage_ratio,
  round((f.net_debt::numeric / nullif(round(CASE WHEN f.ebitda > 0 THEN f.ebitda END::numeric, 40), 0)), 6) AS net_debt_to_ebitda,
  round((f.total_current_assets::numeric / nullif(round(CASE WHEN f.total_current_liabilities > 0 THEN f.total_current_liabilities END::numeric, 40), 0)), 6) AS current_ratio,
  round((f.ebit::numeric / nullif(round(CASE WHEN f.interest_expense > 0 THEN f.interest_expense END::numeric, 40), 0)), 6) AS interest_coverage_ratio,
  t.revenue_growth AS quarterly_revenue_growth, t.earnings_growth AS quarterly_earnings_growth, t.items AS quarters,
  coalesce(g.fiscal_year, ig.fiscal_year) AS growth_fiscal_year, coalesce(g.revenue_growth, ig.growth_revenue) AS revenue_growth,
  coalesce(g.net_income_growth, ig.growth_net_income) AS net_income_growth,
  coalesce(g.eps_diluted_growth, ig.growth_eps_diluted) AS eps_growth,
  coalesce(g.free_cash_flow_growth, cg.growth_free_cash_flow) AS free_cash_flow_growth,
  z.altman_z_score, z.piotroski_score, n.date AS next_earnings_date, n.eps_estimated AS next_eps_estimated,
  coalesce(r.symbols, '[]') AS peer_symbols, p.average_volume, p.cusip, p.cik, p.address, p.city, p.state, p.postal_code, p.phone, p.image,
  greatest(m.as_of, p.updated_at, q.updated_at, b.as_of, d.as_of, t.stored_at, y.stored_at, g.updated_at, ig.updated_at, cg.updated_at, k.updated_at, o.updated_at, z.updated_at, r.as_of, n.updated_at, e.stored_at, s1w.stored_at, s1m.stored_at, s3m.stored_at, s6m.stored_at, sytd.stored_at, s1y.stored_at, s3y.stored_at, s5y.stored_at) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND m.type = 'equity'
LEFT JOIN LATERAL (
  SELECT x.*, public.fundata_parse_number(x.raw_json ->> 'beta') AS beta,
    public.fundata_parse_number(x.raw_json ->> 'lastDividend') AS last_dividend,
    public.fundata_parse_number(x.raw_json ->> 'averageVolume') AS average_volume,
    nullif(x.raw_json ->> 'isin', '') AS isin, nullif(x.raw_json ->> 'cusip', '') AS cusip, nullif(x.raw_json ->> 'cik', '') AS cik, nullif(x.raw_json ->> 'ceo', '') AS ceo, nullif(x.raw_json ->> 'address', '') AS address, nullif(x.raw_json ->> 'city', '') AS city, nullif(x.raw_json ->> 'state', '') AS state, nullif(x.raw_json ->> 'phone', '') AS phone, nullif(x.raw_json ->> 'image', '') AS image, nullif(x.raw_json ->> 'zip', '') AS postal_code,
    CASE WHEN left(x.raw_json ->> 'ipoDate', 10) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (jsonb_path_query_first(to_jsonb(left(x.raw_json ->> 'ipoDate', 10)), '$.datetime()', '{}', true) #>> '{}')::date END AS ipo_date
  FROM public.equity_profile x WHERE x.symbol = s.symbol
  ORDER BY x.exchange IS DISTINCT FROM m.exchange, x.updated_at DESC, x.exchange LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT x.*, (x.quoted_at AT TIME ZONE 'America/New_York')::date AS day FROM public.fmp_quote x
  WHERE x.symbol = s.symbol AND x.price IS NOT NULL ORDER BY x.quoted_at DESC LIMIT 1
) q ON true
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND true
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) e ON true
CROSS JOIN LATERAL (
  SELECT coalesce(e.day > q.day, q.day IS NULL) AS is_close
) w
CROSS JOIN LATERAL (
  SELECT CASE WHEN w.is_close THEN e.price ELSE q.price END AS price, CASE WHEN w.is_close THEN e.day ELSE q.day END AS day,
    CASE WHEN NOT w.is_close THEN q.change END AS change,
    CASE WHEN NOT w.is_close THEN q.change_percentage END AS change_percentage
) l
LEFT JOIN LATERAL (
  SELECT CASE WHEN min(d.date) <= l.day - interval '12 months'
      THEN trim_scale(round(coalesce(sum(d.dividend / (coalesce((SELECT f.split_factor FROM (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > d.date ORDER BY a.date LIMIT 1) f), 1) * CASE WHEN e.day IS NULL OR l.day > e.day THEN coalesce((SELECT published.product((y.numerator::numeric / nullif(round(y.denominator::numeric, 40), 0))) FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000 AND x.date > greatest(e.day, d.date) AND x.date <= l.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) y), 1) ELSE 1 END))
        FILTER (WHERE d.date > l.day - interval '12 months'), 0), 10))
    END AS total, max(d.updated_at) AS as_of
  FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_dividend x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.dividend > 0 AND x.dividend < 1e12 AND x.date <= l.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) d
) d ON true
LEFT JOIN LATERAL (SELECT CASE WHEN coalesce(bool_or(a.dividend IS NOT NULL), false)
    AND NOT coalesce(bool_or(a.total_return_factor IS NULL AND a.date > (e.day - interval '60 months')::date - 7), false)
    THEN 'total_return' ELSE 'price_return' END AS basis, max(a.as_of) AS as_of
  FROM sra.price_adjustment a WHERE a.symbol = s.symbol) b ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - 7) AND p.date >= (e.day - 7) - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s1w ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '1 months')::date AND p.date >= (e.day - interval '1 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s1m ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '3 months')::date AND p.date >= (e.day - interval '3 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s3m ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '6 months')::date AND p.date >= (e.day - interval '6 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s6m ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (date_trunc('year', e.day::timestamp)::date - 1) AND p.date >= (date_trunc('year', e.day::timestamp)::date - 1) - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) sytd ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '12 months')::date AND p.date >= (e.day - interval '12 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s1y ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '36 months')::date AND p.date >= (e.day - interval '36 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s3y ON true
LEFT JOIN LATERAL (
  SELECT p.day, p.price / coalesce(a.split_factor, 1) AS price, p.stored_at,
    p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END AS total
  FROM (SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
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
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = 'price_adjustment' OFFSET 0)) OR EXISTS (SELECT FROM public.task_execution_log t WHERE t.task_id = p.run_id AND p.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0)) AND p.date <= (e.day - interval '60 months')::date AND p.date >= (e.day - interval '60 months')::date - 7
      ORDER BY p.date DESC LIMIT 1
    ) p ORDER BY p.day DESC, ln.until DESC NULLS FIRST LIMIT 1) p
  LEFT JOIN LATERAL (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > p.day ORDER BY a.date LIMIT 1) a ON true
) s5y ON true
LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE p.place <= 4) = 4
      AND max(p.number) FILTER (WHERE p.place <= 4) - min(p.number) FILTER (WHERE p.place <= 4) = 3
      AND count(DISTINCT p.reported_currency) FILTER (WHERE p.place <= 4) = 1 AS is_whole,
    coalesce(jsonb_agg(jsonb_build_object('fiscal_year', p.fiscal_year, 'period', p.period, 'date', p.date, 'filing_date', p.filing_date, 'reported_currency', p.reported_currency, 'revenue', p.revenue, 'gross_profit', p.gross_profit, 'operating_income', p.operating_income, 'ebitda', p.ebitda, 'ebit', p.ebit, 'interest_expense', p.interest_expense, 'net_income', p.net_income, 'eps', p.eps, 'eps_diluted', p.eps_diluted, 'operating_cash_flow', p.operating_cash_flow, 'capital_expenditure', p.capital_expenditure, 'free_cash_flow', p.free_cash_flow, 'cash_and_short_term_investments', p.cash_and_short_term_investments, 'total_current_assets', p.total_current_assets, 'total_current_liabilities', p.total_current_liabilities, 'total_assets', p.total_assets, 'total_liabilities', p.total_liabilities, 'total_stockholders_equity', p.total_stockholders_equity, 'total_debt', p.total_debt, 'net_debt', p.net_debt) ORDER BY p.place) FILTER (WHERE p.place <= 4), '[]') AS items,
    CASE WHEN count(p.revenue) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.revenue) FILTER (WHERE p.place <= 4) END AS revenue, CASE WHEN count(p.gross_profit) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.gross_profit) FILTER (WHERE p.place <= 4) END AS gross_profit, CASE WHEN count(p.operating_income) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.operating_income) FILTER (WHERE p.place <= 4) END AS operating_income, CASE WHEN count(p.ebitda) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.ebitda) FILTER (WHERE p.place <= 4) END AS ebitda, CASE WHEN count(p.ebit) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.ebit) FILTER (WHERE p.place <= 4) END AS ebit, CASE WHEN count(p.interest_expense) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.interest_expense) FILTER (WHERE p.place <= 4) END AS interest_expense, CASE WHEN count(p.net_income) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.net_income) FILTER (WHERE p.place <= 4) END AS net_income, CASE WHEN count(p.operating_cash_flow) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.operating_cash_flow) FILTER (WHERE p.place <= 4) END AS operating_cash_flow, CASE WHEN count(p.capital_expenditure) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.capital_expenditure) FILTER (WHERE p.place <= 4) END AS capital_expenditure, CASE WHEN count(p.free_cash_flow) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.free_cash_flow) FILTER (WHERE p.place <= 4) END AS free_cash_flow,
    CASE WHEN count(p.eps_now) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.eps_now) FILTER (WHERE p.place <= 4) END AS eps, CASE WHEN count(p.eps_diluted_now) FILTER (WHERE p.place <= 4) = 4 THEN sum(p.eps_diluted_now) FILTER (WHERE p.place <= 4) END AS eps_diluted,
    max(p.date) FILTER (WHERE p.place = 1) AS date, max(p.reported_currency) FILTER (WHERE p.place = 1) AS reported_currency, max(p.cash_and_short_term_investments) FILTER (WHERE p.place = 1) AS cash_and_short_term_investments, max(p.total_current_assets) FILTER (WHERE p.place = 1) AS total_current_assets, max(p.total_current_liabilities) FILTER (WHERE p.place = 1) AS total_current_liabilities, max(p.total_assets) FILTER (WHERE p.place = 1) AS total_assets, max(p.total_liabilities) FILTER (WHERE p.place = 1) AS total_liabilities, max(p.total_stockholders_equity) FILTER (WHERE p.place = 1) AS total_stockholders_equity, max(p.total_debt) FILTER (WHERE p.place = 1) AS total_debt, max(p.net_debt) FILTER (WHERE p.place = 1) AS net_debt,
    CASE WHEN max(p.number) FILTER (WHERE p.place = 1) - max(p.number) FILTER (WHERE p.place = 5) = 4 AND count(DISTINCT p.reported_currency) = 1 AND max(p.revenue) FILTER (WHERE p.place = 5) > 0 THEN round(max(p.revenue) FILTER (WHERE p.place = 1) / max(p.revenue) FILTER (WHERE p.place = 5) - 1, 6) END AS revenue_growth, CASE WHEN max(p.number) FILTER (WHERE p.place = 1) - max(p.number) FILTER (WHERE p.place = 5) = 4 AND count(DISTINCT p.reported_currency) = 1 AND max(p.net_income) FILTER (WHERE p.place = 5) > 0 THEN round(max(p.net_income) FILTER (WHERE p.place = 1) / max(p.net_income) FILTER (WHERE p.place = 5) - 1, 6) END AS earnings_growth,
    max(p.stored_at) AS stored_at
  FROM (SELECT n.*, n.fiscal_year * 4 + right(n.period, 1)::int AS number FROM (
    SELECT i.*, c.operating_cash_flow, c.capital_expenditure, c.free_cash_flow, b.cash_and_short_term_investments, b.total_current_assets, b.total_current_liabilities, b.total_assets, b.total_liabilities, b.total_stockholders_equity, b.total_debt, b.net_debt,
    i.eps / a.shares AS eps_now, i.eps_diluted / a.shares AS eps_diluted_now,
    greatest(i.updated_at, c.updated_at, b.updated_at) AS stored_at,
    row_number() OVER (ORDER BY i.fiscal_year DESC, i.period DESC) AS place
  FROM (
    SELECT DISTINCT ON (x.fiscal_year, x.period) x.symbol, x.fiscal_year, x.period, x.date, x.filing_date, x.version,
      x.learnt_at, x.reported_currency, x.revenue, x.gross_profit, x.operating_income, x.ebitda, x.ebit, x.interest_expense, x.net_income, x.eps, x.eps_diluted, x.updated_at
    FROM public.fmp_income_statement x WHERE x.symbol = s.symbol AND x.period <> 'FY'
    ORDER BY x.fiscal_year DESC, x.period DESC, x.date DESC, x.version DESC LIMIT 5
  ) i
  LEFT JOIN LATERAL (
    SELECT x.operating_cash_flow, x.capital_expenditure, x.free_cash_flow, x.updated_at FROM public.fmp_cash_flow x
    WHERE x.symbol = i.symbol AND x.fiscal_year = i.fiscal_year AND x.period = i.period
      AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
    ORDER BY x.date DESC, x.version DESC LIMIT 1
  ) c ON true
  LEFT JOIN LATERAL (
    SELECT x.cash_and_short_term_investments, x.total_current_assets, x.total_current_liabilities, x.total_assets, x.total_liabilities, x.total_stockholders_equity, x.total_debt, x.net_debt, x.updated_at FROM public.fmp_balance_sheet x
    WHERE x.symbol = i.symbol AND x.fiscal_year = i.fiscal_year AND x.period = i.period
      AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
    ORDER BY x.date DESC, x.version DESC LIMIT 1
  ) b ON true
  CROSS JOIN LATERAL (SELECT (coalesce((SELECT f.split_factor FROM (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > greatest(i.filing_date, i.date, CASE WHEN i.version > 1 THEN i.learnt_at::date END) ORDER BY a.date LIMIT 1) f), 1) * CASE WHEN e.day IS NULL OR l.day > e.day THEN coalesce((SELECT published.product((y.numerator::numeric / nullif(round(y.denominator::numeric, 40), 0))) FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000 AND x.date > greatest(e.day, greatest(i.filing_date, i.date, CASE WHEN i.version > 1 THEN i.learnt_at::date END)) AND x.date <= l.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) y), 1) ELSE 1 END) AS shares) a
  ) n) p) t ON true
LEFT JOIN LATERAL (SELECT i.*, c.operating_cash_flow, c.capital_expenditure, c.free_cash_flow, b.cash_and_short_term_investments, b.total_current_assets, b.total_current_liabilities, b.total_assets, b.total_liabilities, b.total_stockholders_equity, b.total_debt, b.net_debt,
    i.eps / a.shares AS eps_now, i.eps_diluted / a.shares AS eps_diluted_now,
    greatest(i.updated_at, c.updated_at, b.updated_at) AS stored_at,
    row_number() OVER (ORDER BY i.fiscal_year DESC, i.period DESC) AS place
  FROM (
    SELECT DISTINCT ON (x.fiscal_year, x.period) x.symbol, x.fiscal_year, x.period, x.date, x.filing_date, x.version,
      x.learnt_at, x.reported_currency, x.revenue, x.gross_profit, x.operating_income, x.ebitda, x.ebit, x.interest_expense, x.net_income, x.eps, x.eps_diluted, x.updated_at
    FROM public.fmp_income_statement x WHERE x.symbol = s.symbol AND x.period = 'FY'
    ORDER BY x.fiscal_year DESC, x.period DESC, x.date DESC, x.version DESC LIMIT 1
  ) i
  LEFT JOIN LATERAL (
    SELECT x.operating_cash_flow, x.capital_expenditure, x.free_cash_flow, x.updated_at FROM public.fmp_cash_flow x
    WHERE x.symbol = i.symbol AND x.fiscal_year = i.fiscal_year AND x.period = i.period
      AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
    ORDER BY x.date DESC, x.version DESC LIMIT 1
  ) c ON true
  LEFT JOIN LATERAL (
    SELECT x.cash_and_short_term_investments, x.total_current_assets, x.total_current_liabilities, x.total_assets, x.total_liabilities, x.total_stockholders_equity, x.total_debt, x.net_debt, x.updated_at FROM public.fmp_balance_sheet x
    WHERE x.symbol = i.symbol AND x.fiscal_year = i.fiscal_year AND x.period = i.period
      AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
    ORDER BY x.date DESC, x.version DESC LIMIT 1
  ) b ON true
  CROSS JOIN LATERAL (SELECT (coalesce((SELECT f.split_factor FROM (SELECT true AS is_adjusted, a.split_factor, a.total_return_factor, a.as_of, a.last_run_id FROM sra.price_adjustment a WHERE a.symbol = s.symbol AND a.date > greatest(i.filing_date, i.date, CASE WHEN i.version > 1 THEN i.learnt_at::date END) ORDER BY a.date LIMIT 1) f), 1) * CASE WHEN e.day IS NULL OR l.day > e.day THEN coalesce((SELECT published.product((y.numerator::numeric / nullif(round(y.denominator::numeric, 40), 0))) FROM (SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM (SELECT s.symbol AS name, (SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = s.symbol ORDER BY lo.place DESC LIMIT 1) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = s.symbol) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.fmp_split x WHERE x.symbol = ln.name AND (ln.since IS NULL OR x.date >= ln.since) AND (ln.until IS NULL OR x.date < ln.until) AND x.valid_to IS NULL AND x.denominator > 0 AND x.numerator BETWEEN x.denominator / 1000000 AND x.denominator * 1000000 AND x.date > greatest(e.day, greatest(i.filing_date, i.date, CASE WHEN i.version > 1 THEN i.learnt_at::date END)) AND x.date <= l.day OFFSET 0) x
    ) x WHERE x.name_rank = 1) y), 1) ELSE 1 END) AS shares) a) y ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN t.is_whole THEN 'quarters' WHEN y.symbol IS NOT NULL THEN 'fiscal_year' END AS basis,
    CASE WHEN t.is_whole THEN t.date ELSE y.date END AS date, CASE WHEN t.is_whole THEN t.reported_currency ELSE y.reported_currency END AS reported_currency, CASE WHEN t.is_whole THEN t.revenue ELSE y.revenue END AS revenue, CASE WHEN t.is_whole THEN t.gross_profit ELSE y.gross_profit END AS gross_profit, CASE WHEN t.is_whole THEN t.operating_income ELSE y.operating_income END AS operating_income, CASE WHEN t.is_whole THEN t.ebitda ELSE y.ebitda END AS ebitda, CASE WHEN t.is_whole THEN t.ebit ELSE y.ebit END AS ebit, CASE WHEN t.is_whole THEN t.interest_expense ELSE y.interest_expense END AS interest_expense, CASE WHEN t.is_whole THEN t.net_income ELSE y.net_income END AS net_income, CASE WHEN t.is_whole THEN t.operating_cash_flow ELSE y.operating_cash_flow END AS operating_cash_flow, CASE WHEN t.is_whole THEN t.capital_expenditure ELSE y.capital_expenditure END AS capital_expenditure, CASE WHEN t.is_whole THEN t.free_cash_flow ELSE y.free_cash_flow END AS free_cash_flow, CASE WHEN t.is_whole THEN t.eps ELSE y.eps_now END AS eps, CASE WHEN t.is_whole THEN t.eps_diluted ELSE y.eps_diluted_now END AS eps_diluted, CASE WHEN t.is_whole THEN t.cash_and_short_term_investments ELSE y.cash_and_short_term_investments END AS cash_and_short_term_investments, CASE WHEN t.is_whole THEN t.total_current_assets ELSE y.total_current_assets END AS total_current_assets, CASE WHEN t.is_whole THEN t.total_current_liabilities ELSE y.total_current_liabilities END AS total_current_liabilities, CASE WHEN t.is_whole THEN t.total_assets ELSE y.total_assets END AS total_assets, CASE WHEN t.is_whole THEN t.total_liabilities ELSE y.total_liabilities END AS total_liabilities, CASE WHEN t.is_whole THEN t.total_stockholders_equity ELSE y.total_stockholders_equity END AS total_stockholders_equity, CASE WHEN t.is_whole THEN t.total_debt ELSE y.total_debt END AS total_debt, CASE WHEN t.is_whole THEN t.net_debt ELSE y.net_debt END AS net_debt
) f
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_financial_growth x WHERE x.symbol = s.symbol AND x.period = 'FY'
  ORDER BY x.fiscal_year DESC, x.date DESC, x.version DESC LIMIT 1
) g ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_income_growth x WHERE x.symbol = s.symbol AND x.period = 'FY'
  ORDER BY x.fiscal_year DESC, x.date DESC, x.version DESC LIMIT 1
) ig ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_cash_flow_growth x WHERE x.symbol = s.symbol AND x.period = 'FY'
  ORDER BY x.fiscal_year DESC, x.date DESC, x.version DESC LIMIT 1
) cg ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_ratio x WHERE x.symbol = s.symbol AND x.period = 'FY'
  ORDER BY x.fiscal_year DESC, x.date DESC, x.version DESC LIMIT 1
) o ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_key_metric x WHERE x.symbol = s.symbol AND x.period = 'FY'
  ORDER BY x.fiscal_year DESC, x.date DESC, x.version DESC LIMIT 1
) k ON true
LEFT JOIN public.fmp_score z ON z.symbol = s.symbol
LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.peer_symbol ORDER BY x.place, x.peer_symbol) AS symbols, max(x.updated_at) AS as_of
  FROM public.fmp_peer x WHERE x.symbol = s.symbol AND x.valid_to IS NULL
) r ON true
LEFT JOIN LATERAL (
  SELECT x.date, x.eps_estimated, x.updated_at FROM public.fmp_earning x
  WHERE x.symbol = s.symbol AND x.date > l.day AND x.eps_actual IS NULL ORDER BY x.date LIMIT 1
) n ON true
CROSS JOIN LATERAL (SELECT nullif(coalesce(nullif(q.market_cap, 0), p.market_cap), 0) AS market_cap) c
CROSS JOIN LATERAL (
  SELECT CASE WHEN m.currency = f.reported_currency THEN 'computed' WHEN coalesce(o.symbol, k.symbol) IS NOT NULL THEN 'vendor'
    END AS basis, c.market_cap + f.net_debt AS enterprise_value, coalesce(d.total, p.last_dividend) AS dividend
) v
) q;

CREATE OR REPLACE VIEW sra.equity_metrics AS
SELECT symbol, name, exchange, sector, industry, currency, price, price_date, change, change_percentage, market_cap, performance_basis, performance_date, performance_1w, performance_1m, performance_3m, performance_6m, performance_ytd, performance_1y, performance_3y, performance_5y, valuation_basis, pe_ratio, price_to_book_ratio, price_to_sales_ratio, ev_to_ebitda, dividend_yield, reported_currency, fundamentals_basis, fundamentals_date, revenue_ttm, net_income_ttm, eps_diluted_ttm, free_cash_flow_ttm, revenue_growth, net_income_growth, eps_growth, gross_margin, operating_margin, net_margin, return_on_equity, return_on_assets, debt_to_equity_ratio, net_debt_to_ebitda, current_ratio, altman_z_score, piotroski_score, open, day_low, day_high, previous_close, year_low, year_high, price_avg50, price_avg200, volume, quoted_at, price_return_1w, price_return_1m, price_return_3m, price_return_6m, price_return_ytd, price_return_1y, price_return_3y, price_return_5y, beta, dividend_ttm, enterprise_value, free_cash_flow_yield, gross_profit_ttm, operating_income_ttm, ebitda_ttm, eps_ttm, operating_cash_flow_ttm, capital_expenditure_ttm, total_assets, total_liabilities, total_stockholders_equity, cash_and_short_term_investments, total_debt, net_debt, ebitda_margin, free_cash_flow_margin, financial_leverage_ratio, interest_coverage_ratio, quarterly_revenue_growth, quarterly_earnings_growth, free_cash_flow_growth, growth_fiscal_year, quarters, next_earnings_date, next_eps_estimated, type, is_active, country, isin, ceo, website, description, employees, ipo_date, peer_symbols, as_of, last_run_id, average_volume, cusip, cik, address, city, state, postal_code, phone, image
FROM published.equity_metrics;

COMMENT ON VIEW sra.equity_metrics IS 'One row per listed equity: profile, price, performance, valuation, twelve months of statements, growth, scores. Performance is P(end) / P(start) - 1: the end is the newest close, the start the last close on or before the end minus 7 days, 1, 3, 6, 12, 36, 60 calendar months or the last day of the former year, NULL where that is over 7 days older than asked for. Three and five years are annualised by 365.25 days over the true distance of the two closes. Both closes are in today''s shares (price_adjustment); performance_* reinvest dividends on the ex-date where performance_basis says total_return, price_return_* never do. Computed with 40 digits, rounded half up to six decimals (specification, section 5). Ratios of price and statements are computed only where currency and reported_currency agree, else they are the vendor''s for the newest fiscal year (fmp_ratio, fmp_key_metric), else NULL; all ratios are rounded likewise. enterprise_value is market_cap + net debt. dividend_ttm sums the dividends by ex-date over the twelve months up to price_date in today''s shares, where those known reach back that far, else it is the vendor''s yearly dividend. eps_ttm and eps_diluted_ttm sum the reported quarters, each restated by the splits after its filing (IAS 33.64).';

COMMENT ON COLUMN sra.equity_metrics.symbol IS 'Symbol.';

COMMENT ON COLUMN sra.equity_metrics.name IS 'Company.';

COMMENT ON COLUMN sra.equity_metrics.exchange IS 'Exchange.';

COMMENT ON COLUMN sra.equity_metrics.sector IS 'Sector.';

COMMENT ON COLUMN sra.equity_metrics.industry IS 'Industry.';

COMMENT ON COLUMN sra.equity_metrics.currency IS 'Currency of the listing: of price, dividends and market capitalisation.';

COMMENT ON COLUMN sra.equity_metrics.price IS 'Newest price: the last quote, or the last close where that is of a later day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.price_date IS 'Day of the price, in New York.';

COMMENT ON COLUMN sra.equity_metrics.change IS 'Change since the close before, vendor''s; none where price is a close. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.change_percentage IS 'The same in percent, vendor''s. Unit: percent.';

COMMENT ON COLUMN sra.equity_metrics.market_cap IS 'Market capitalisation, vendor''s: of the newest quote, else of the profile. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.performance_basis IS 'What performance_* are: with dividends reinvested where they are known, else the change of the price.';

COMMENT ON COLUMN sra.equity_metrics.performance_date IS 'Day of the newest close, at which every performance ends.';

COMMENT ON COLUMN sra.equity_metrics.performance_1w IS 'Performance over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.performance_1m IS 'Performance over one month. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.performance_3m IS 'Performance over three months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.performance_6m IS 'Performance over six months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.performance_ytd IS 'Performance since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.performance_1y IS 'Performance over one year. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.performance_3y IS 'Performance over three years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_metrics.performance_5y IS 'Performance over five years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_metrics.valuation_basis IS 'Whether the valuation ratios are computed (price and statements in one currency) or the vendor''s.';

COMMENT ON COLUMN sra.equity_metrics.pe_ratio IS 'Price / eps_diluted_ttm; none where earnings are not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.price_to_book_ratio IS 'market_cap / stockholders'' equity; none where that is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.price_to_sales_ratio IS 'market_cap / revenue_ttm. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.ev_to_ebitda IS 'enterprise_value / ebitda_ttm; none where EBITDA is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.dividend_yield IS 'dividend_ttm / price. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.reported_currency IS 'Currency of the statements.';

COMMENT ON COLUMN sra.equity_metrics.fundamentals_basis IS 'What *_ttm are: the sum of the four newest quarters or, where these are not whole, the newest fiscal year.';

COMMENT ON COLUMN sra.equity_metrics.fundamentals_date IS 'Last day of those twelve months, and day of the balance sheet.';

COMMENT ON COLUMN sra.equity_metrics.revenue_ttm IS 'Revenue of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.net_income_ttm IS 'Net income of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.eps_diluted_ttm IS 'Diluted earnings per share of twelve months, in today''s shares. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.free_cash_flow_ttm IS 'Operating cash flow less capital expenditure of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.revenue_growth IS 'Revenue of the newest fiscal year against the year before, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.net_income_growth IS 'Net income likewise, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.eps_growth IS 'Diluted earnings per share likewise, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.gross_margin IS 'Gross profit / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.operating_margin IS 'Operating income / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.net_margin IS 'Net income / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.return_on_equity IS 'net_income_ttm / stockholders'' equity; none where that is not above zero. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.return_on_assets IS 'net_income_ttm / total assets. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.debt_to_equity_ratio IS 'Total debt / stockholders'' equity; none where that is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.net_debt_to_ebitda IS 'Net debt / ebitda_ttm; none where EBITDA is not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.current_ratio IS 'Current assets / current liabilities. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.altman_z_score IS 'Altman Z-score, vendor''s. Unit: score.';

COMMENT ON COLUMN sra.equity_metrics.piotroski_score IS 'Piotroski F-score, vendor''s. Unit: score, 0 to 9.';

COMMENT ON COLUMN sra.equity_metrics.open IS 'First price of the day, of the newest quote. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.day_low IS 'Lowest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.day_high IS 'Highest price of the day. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.previous_close IS 'Close of the day before. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.year_low IS 'Lowest price of 52 weeks, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.year_high IS 'Highest price of 52 weeks, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.price_avg50 IS 'Mean close of 50 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.price_avg200 IS 'Mean close of 200 days, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.volume IS 'Volume of the day. Unit: shares.';

COMMENT ON COLUMN sra.equity_metrics.quoted_at IS 'Moment of the newest quote, UTC.';

COMMENT ON COLUMN sra.equity_metrics.price_return_1w IS 'Change of the price over seven days. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.price_return_1m IS 'Change of the price over one month. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.price_return_3m IS 'Change of the price over three months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.price_return_6m IS 'Change of the price over six months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.price_return_ytd IS 'Change of the price since the former year''s end. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.price_return_1y IS 'Change of the price over one year. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.price_return_3y IS 'Change of the price over three years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_metrics.price_return_5y IS 'Change of the price over five years, annualised. Unit: fraction a year.';

COMMENT ON COLUMN sra.equity_metrics.beta IS 'Beta, vendor''s. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.dividend_ttm IS 'Dividends per share of twelve months, in today''s shares. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.enterprise_value IS 'market_cap + net debt, where the currencies agree. Unit: currency of the row.';

COMMENT ON COLUMN sra.equity_metrics.free_cash_flow_yield IS 'free_cash_flow_ttm / market_cap, where the currencies agree. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.gross_profit_ttm IS 'Gross profit of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.operating_income_ttm IS 'Operating income of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.ebitda_ttm IS 'EBITDA of twelve months, vendor''s. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.eps_ttm IS 'Basic earnings per share of twelve months, in today''s shares. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.operating_cash_flow_ttm IS 'Operating cash flow of twelve months. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.capital_expenditure_ttm IS 'Capital expenditure of twelve months, negative. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.total_assets IS 'Total assets on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.total_liabilities IS 'Total liabilities on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.total_stockholders_equity IS 'Stockholders'' equity on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.cash_and_short_term_investments IS 'Cash and short-term investments on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.total_debt IS 'Total debt on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.net_debt IS 'Total debt less cash, vendor''s, on fundamentals_date. Unit: reported_currency.';

COMMENT ON COLUMN sra.equity_metrics.ebitda_margin IS 'EBITDA / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.free_cash_flow_margin IS 'Free cash flow / revenue, twelve months. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.financial_leverage_ratio IS 'Total assets / stockholders'' equity; none where not above zero. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.interest_coverage_ratio IS 'EBIT / interest expense, twelve months. Unit: ratio.';

COMMENT ON COLUMN sra.equity_metrics.quarterly_revenue_growth IS 'Revenue of the newest quarter against that a year before. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.quarterly_earnings_growth IS 'Net income of the newest quarter against that a year before; none where that was not above zero. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.free_cash_flow_growth IS 'Free cash flow of the newest fiscal year, vendor''s. Unit: fraction.';

COMMENT ON COLUMN sra.equity_metrics.growth_fiscal_year IS 'Fiscal year of the yearly growth figures. Unit: fiscal year.';

COMMENT ON COLUMN sra.equity_metrics.quarters IS 'The newest four quarters as reported, newest first.';

COMMENT ON COLUMN sra.equity_metrics.next_earnings_date IS 'Day of the next report after price_date.';

COMMENT ON COLUMN sra.equity_metrics.next_eps_estimated IS 'Earnings per share that are expected of it. Unit: as the vendor gives it.';

COMMENT ON COLUMN sra.equity_metrics.type IS 'Kind of security.';

COMMENT ON COLUMN sra.equity_metrics.is_active IS 'Whether it is in the present universe.';

COMMENT ON COLUMN sra.equity_metrics.country IS 'Country of the issuer, ISO 3166 alpha-2.';

COMMENT ON COLUMN sra.equity_metrics.isin IS 'ISIN.';

COMMENT ON COLUMN sra.equity_metrics.ceo IS 'Chief executive.';

COMMENT ON COLUMN sra.equity_metrics.website IS 'Website.';

COMMENT ON COLUMN sra.equity_metrics.description IS 'What the company does.';

COMMENT ON COLUMN sra.equity_metrics.employees IS 'Full-time employees. Unit: persons.';

COMMENT ON COLUMN sra.equity_metrics.ipo_date IS 'Day of the first listing.';

COMMENT ON COLUMN sra.equity_metrics.peer_symbols IS 'The vendor''s peers that are listed equities here, in the vendor''s order.';

COMMENT ON COLUMN sra.equity_metrics.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.equity_metrics.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';

COMMENT ON COLUMN sra.equity_metrics.average_volume IS 'Mean volume of a day, vendor''s. Unit: shares.';

COMMENT ON COLUMN sra.equity_metrics.cusip IS 'CUSIP.';

COMMENT ON COLUMN sra.equity_metrics.cik IS 'Key of the company at the SEC.';

COMMENT ON COLUMN sra.equity_metrics.address IS 'Street of the head office.';

COMMENT ON COLUMN sra.equity_metrics.city IS 'City of the head office.';

COMMENT ON COLUMN sra.equity_metrics.state IS 'State or province of the head office.';

COMMENT ON COLUMN sra.equity_metrics.postal_code IS 'Postal code of the head office.';

COMMENT ON COLUMN sra.equity_metrics.phone IS 'Telephone.';

COMMENT ON COLUMN sra.equity_metrics.image IS 'Address of the logo.';
