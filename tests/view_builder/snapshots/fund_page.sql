-- fund_page, digest b8157bfc9fd0e6180d68faa661068640;

CREATE TABLE published.fund_page (
  identifier text,
  name text,
  name_en text,
  name_fr text,
  company text,
  family text,
  series text,
  category text,
  objective text,
  currency text,
  inception_date date,
  nav numeric,
  nav_date date,
  nav_change numeric,
  nav_change_percent numeric,
  fund_assets numeric,
  series_assets numeric,
  assets_date date,
  returns_date date,
  return_1m_percent numeric,
  return_3m_percent numeric,
  return_6m_percent numeric,
  return_ytd_percent numeric,
  return_inception_percent numeric,
  inception_return_date date,
  fund_grade text,
  returns jsonb,
  risk jsonb,
  management_fee_percent numeric,
  expenses jsonb,
  holdings_date date,
  top_holdings jsonb,
  allocations_date date,
  allocations jsonb,
  distributions jsonb,
  as_of timestamp with time zone,
  last_run_id uuid
);

CREATE UNIQUE INDEX ix_fund_page_d0289152 ON published.fund_page (identifier);

CREATE INDEX ix_fund_page_c528870b ON published.fund_page (lower(name) text_pattern_ops);

CREATE INDEX ix_fund_page_f1000f2c ON published.fund_page (category);

-- every scope
SELECT identifier FROM sra.security_master WHERE source = 'fundata';

-- scopes that the runs $1 touched
SELECT identifier, run_id FROM public.fundata_data
WHERE run_id = ANY($1::uuid[]) AND dataset IN ('FundGeneral', 'FundPerformanceSummary', 'FundYearlyPerformance', 'FundYearlyPerformanceRankingByClass', 'FundRiskYearlyPerformance', 'FundAdvancedPerformance', 'FundExpenses', 'FundAssets', 'FundTopHolding', 'FundAllocation', 'FundDistribution');

-- scopes that the runs $1 touched
SELECT identifier, run_id FROM (SELECT DISTINCT 'fundata' AS source, identifier, run_id FROM public.fundata_quotes WHERE run_id = ANY($1::uuid[])) q;

-- rows of the scopes in `scope`
SELECT
  q.identifier::text,
  q.name::text,
  q.name_en::text,
  q.name_fr::text,
  q.company::text,
  q.family::text,
  q.series::text,
  q.category::text,
  q.objective::text,
  q.currency::text,
  q.inception_date::date,
  q.nav::numeric,
  q.nav_date::date,
  q.nav_change::numeric,
  q.nav_change_percent::numeric,
  q.fund_assets::numeric,
  q.series_assets::numeric,
  q.assets_date::date,
  q.returns_date::date,
  q.return_1m_percent::numeric,
  q.return_3m_percent::numeric,
  q.return_6m_percent::numeric,
  q.return_ytd_percent::numeric,
  q.return_inception_percent::numeric,
  q.inception_return_date::date,
  q.fund_grade::text,
  q.returns::jsonb,
  q.risk::jsonb,
  q.management_fee_percent::numeric,
  q.expenses::jsonb,
  q.holdings_date::date,
  q.top_holdings::jsonb,
  q.allocations_date::date,
  q.allocations::jsonb,
  q.distributions::jsonb,
  q.as_of::timestamp with time zone
FROM (
SELECT s.identifier, m.name, m.name_en, m.name_fr, m.company, m.family, g.series_name AS series, g.cifsc_type AS category,
  g.objective, m.currency, m.inception_date, q.price AS nav, q.price_date AS nav_date, q.change AS nav_change,
  q.change_percent AS nav_change_percent, assets.fund_assets, assets.series_assets, assets.date AS assets_date,
  p.month_end_date AS returns_date, p.one_month_return AS return_1m_percent, p.three_month_return AS return_3m_percent,
  p.six_month_return AS return_6m_percent, p.ytd_return AS return_ytd_percent, p.inception_return AS return_inception_percent,
  p.inception_return_date AS inception_return_date, p.fund_grade,
  jsonb_build_array(jsonb_build_object('years', 1, 'month_end_date', y1.month_end_date, 'annualised_return_percent', y1.value, 'category_rank', r1.ranking, 'category_funds', r1.funds, 'category_quartile', r1.quartile), jsonb_build_object('years', 3, 'month_end_date', y3.month_end_date, 'annualised_return_percent', y3.value, 'category_rank', r3.ranking, 'category_funds', r3.funds, 'category_quartile', r3.quartile), jsonb_build_object('years', 5, 'month_end_date', y5.month_end_date, 'annualised_return_percent', y5.value, 'category_rank', r5.ranking, 'category_funds', r5.funds, 'category_quartile', r5.quartile), jsonb_build_object('years', 10, 'month_end_date', y10.month_end_date, 'annualised_return_percent', y10.value, 'category_rank', r10.ranking, 'category_funds', r10.funds, 'category_quartile', r10.quartile)) AS returns,
  jsonb_build_array(jsonb_build_object('years', 1, 'month_end_date', k1.month_end_date, 'beta', k1.beta, 'alpha', k1.alpha, 'standard_deviation', k1.deviation, 'sharpe', k1.sharpe, 'max_drawdown_percent', a.one_drawdown, 'up_capture', a.one_up, 'down_capture', a.one_down), jsonb_build_object('years', 3, 'month_end_date', k3.month_end_date, 'beta', k3.beta, 'alpha', k3.alpha, 'standard_deviation', k3.deviation, 'sharpe', k3.sharpe, 'max_drawdown_percent', a.three_drawdown, 'up_capture', a.three_up, 'down_capture', a.three_down), jsonb_build_object('years', 5, 'month_end_date', k5.month_end_date, 'beta', k5.beta, 'alpha', k5.alpha, 'standard_deviation', k5.deviation, 'sharpe', k5.sharpe, 'max_drawdown_percent', a.five_drawdown, 'up_capture', a.five_up, 'down_capture', a.five_down), jsonb_build_object('years', 10, 'month_end_date', k10.month_end_date, 'beta', k10.beta, 'alpha', k10.alpha, 'standard_deviation', k10.deviation, 'sharpe', k10.sharpe, 'max_drawdown_percent', a.ten_drawdown, 'up_capture', a.ten_up, 'down_capture', a.ten_down)) AS risk,
  g.management_fee AS management_fee_percent, coalesce(e.items, '[]') AS expenses, h.day AS holdings_date,
  coalesce(h.items, '[]') AS top_holdings, l.day AS allocations_date, coalesce(l.items, '[]') AS allocations,
  coalesce(t.items, '[]') AS distributions,
  greatest(m.as_of, q.as_of, y1.processed_at, y3.processed_at, y5.processed_at, y10.processed_at, r1.processed_at, r3.processed_at, r5.processed_at, r10.processed_at, k1.processed_at, k3.processed_at, k5.processed_at, k10.processed_at, g.processed_at, p.processed_at, a.processed_at, assets.processed_at, h.processed_at, l.processed_at, e.processed_at, t.processed_at) AS as_of
FROM scope s
JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
LEFT JOIN sra.latest_quote q ON q.source = 'fundata' AND q.identifier = s.identifier
LEFT JOIN LATERAL (
  SELECT d.cifsc_type, d.series_name, d.objective, CASE WHEN d.management_fee IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ManagementFee', d.raw_json ->> 'management_fee') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ManagementFee', d.raw_json ->> 'management_fee'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ManagementFee', d.raw_json ->> 'management_fee')) END, d.management_fee) END AS management_fee, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundGeneral' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))
  ORDER BY coalesce(lower(d.language) LIKE 'en%', false) DESC, d.change_date DESC NULLS LAST, d.record_id LIMIT 1
) g ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, d.inception_return_date, d.fund_grade, CASE WHEN d.one_month_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'OneMonthReturn', d.raw_json ->> 'one_month_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'OneMonthReturn', d.raw_json ->> 'one_month_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'OneMonthReturn', d.raw_json ->> 'one_month_return')) END, d.one_month_return) END AS one_month_return, CASE WHEN d.three_month_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ThreeMonthReturn', d.raw_json ->> 'three_month_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ThreeMonthReturn', d.raw_json ->> 'three_month_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ThreeMonthReturn', d.raw_json ->> 'three_month_return')) END, d.three_month_return) END AS three_month_return, CASE WHEN d.six_month_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'SixMonthReturn', d.raw_json ->> 'six_month_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'SixMonthReturn', d.raw_json ->> 'six_month_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'SixMonthReturn', d.raw_json ->> 'six_month_return')) END, d.six_month_return) END AS six_month_return, CASE WHEN d.ytd_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'YTDReturn', d.raw_json ->> 'ytd_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'YTDReturn', d.raw_json ->> 'ytd_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'YTDReturn', d.raw_json ->> 'ytd_return')) END, d.ytd_return) END AS ytd_return, CASE WHEN d.inception_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'InceptionReturn', d.raw_json ->> 'inception_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'InceptionReturn', d.raw_json ->> 'inception_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'InceptionReturn', d.raw_json ->> 'inception_return')) END, d.inception_return) END AS inception_return, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundPerformanceSummary' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT CASE WHEN d.one_year_max_drawdown IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'OneYearMaxDrawdown', d.raw_json ->> 'one_year_max_drawdown') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'OneYearMaxDrawdown', d.raw_json ->> 'one_year_max_drawdown'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'OneYearMaxDrawdown', d.raw_json ->> 'one_year_max_drawdown')) END, d.one_year_max_drawdown) END AS one_drawdown, CASE WHEN d.one_year_up_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'OneYearUpCapture', d.raw_json ->> 'one_year_up_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'OneYearUpCapture', d.raw_json ->> 'one_year_up_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'OneYearUpCapture', d.raw_json ->> 'one_year_up_capture')) END, d.one_year_up_capture) END AS one_up, CASE WHEN d.one_year_down_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'OneYearDownCapture', d.raw_json ->> 'one_year_down_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'OneYearDownCapture', d.raw_json ->> 'one_year_down_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'OneYearDownCapture', d.raw_json ->> 'one_year_down_capture')) END, d.one_year_down_capture) END AS one_down, CASE WHEN d.three_year_max_drawdown IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ThreeYearMaxDrawdown', d.raw_json ->> 'three_year_max_drawdown') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ThreeYearMaxDrawdown', d.raw_json ->> 'three_year_max_drawdown'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ThreeYearMaxDrawdown', d.raw_json ->> 'three_year_max_drawdown')) END, d.three_year_max_drawdown) END AS three_drawdown, CASE WHEN d.three_year_up_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ThreeYearUpCapture', d.raw_json ->> 'three_year_up_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ThreeYearUpCapture', d.raw_json ->> 'three_year_up_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ThreeYearUpCapture', d.raw_json ->> 'three_year_up_capture')) END, d.three_year_up_capture) END AS three_up, CASE WHEN d.three_year_down_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ThreeYearDownCapture', d.raw_json ->> 'three_year_down_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ThreeYearDownCapture', d.raw_json ->> 'three_year_down_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ThreeYearDownCapture', d.raw_json ->> 'three_year_down_capture')) END, d.three_year_down_capture) END AS three_down, CASE WHEN d.five_year_max_drawdown IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'FiveYearMaxDrawdown', d.raw_json ->> 'five_year_max_drawdown') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'FiveYearMaxDrawdown', d.raw_json ->> 'five_year_max_drawdown'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'FiveYearMaxDrawdown', d.raw_json ->> 'five_year_max_drawdown')) END, d.five_year_max_drawdown) END AS five_drawdown, CASE WHEN d.five_year_up_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'FiveYearUpCapture', d.raw_json ->> 'five_year_up_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'FiveYearUpCapture', d.raw_json ->> 'five_year_up_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'FiveYearUpCapture', d.raw_json ->> 'five_year_up_capture')) END, d.five_year_up_capture) END AS five_up, CASE WHEN d.five_year_down_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'FiveYearDownCapture', d.raw_json ->> 'five_year_down_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'FiveYearDownCapture', d.raw_json ->> 'five_year_down_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'FiveYearDownCapture', d.raw_json ->> 'five_year_down_capture')) END, d.five_year_down_capture) END AS five_down, CASE WHEN d.ten_year_max_drawdown IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'TenYearMaxDrawdown', d.raw_json ->> 'ten_year_max_drawdown') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TenYearMaxDrawdown', d.raw_json ->> 'ten_year_max_drawdown'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TenYearMaxDrawdown', d.raw_json ->> 'ten_year_max_drawdown')) END, d.ten_year_max_drawdown) END AS ten_drawdown, CASE WHEN d.ten_year_up_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'TenYearUpCapture', d.raw_json ->> 'ten_year_up_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TenYearUpCapture', d.raw_json ->> 'ten_year_up_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TenYearUpCapture', d.raw_json ->> 'ten_year_up_capture')) END, d.ten_year_up_capture) END AS ten_up, CASE WHEN d.ten_year_down_capture IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'TenYearDownCapture', d.raw_json ->> 'ten_year_down_capture') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TenYearDownCapture', d.raw_json ->> 'ten_year_down_capture'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TenYearDownCapture', d.raw_json ->> 'ten_year_down_capture')) END, d.ten_year_down_capture) END AS ten_down, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundAdvancedPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) a ON true
LEFT JOIN LATERAL (SELECT d.date, public.fundata_parse_number(coalesce(d.raw_json ->> 'FundAssetsValue', d.raw_json ->> 'fund_assets_value')) AS fund_assets, public.fundata_parse_number(coalesce(d.raw_json ->> 'SeriesAssetsValue', d.raw_json ->> 'series_assets_value')) AS series_assets, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundAssets' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) ORDER BY d.date DESC NULLS LAST, d.record_id DESC LIMIT 1) assets ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.compound_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return')) END, d.compound_return) END AS value, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 1 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) y1 ON true
LEFT JOIN LATERAL (SELECT d.compound_return_ranking AS ranking, d.compound_return_fund_count AS funds, d.compound_return_quartile AS quartile, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformanceRankingByClass' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 1 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) r1 ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.beta IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta')) END, d.beta) END AS beta, CASE WHEN d.annualized_alpha IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha')) END, d.annualized_alpha) END AS alpha, CASE WHEN d.annualized_std IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std')) END, d.annualized_std) END AS deviation, CASE WHEN d.annualized_sharpe IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe')) END, d.annualized_sharpe) END AS sharpe, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundRiskYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 1 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) k1 ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.compound_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return')) END, d.compound_return) END AS value, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 3 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) y3 ON true
LEFT JOIN LATERAL (SELECT d.compound_return_ranking AS ranking, d.compound_return_fund_count AS funds, d.compound_return_quartile AS quartile, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformanceRankingByClass' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 3 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) r3 ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.beta IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta')) END, d.beta) END AS beta, CASE WHEN d.annualized_alpha IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha')) END, d.annualized_alpha) END AS alpha, CASE WHEN d.annualized_std IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std')) END, d.annualized_std) END AS deviation, CASE WHEN d.annualized_sharpe IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe')) END, d.annualized_sharpe) END AS sharpe, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundRiskYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 3 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) k3 ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.compound_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return')) END, d.compound_return) END AS value, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 5 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) y5 ON true
LEFT JOIN LATERAL (SELECT d.compound_return_ranking AS ranking, d.compound_return_fund_count AS funds, d.compound_return_quartile AS quartile, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformanceRankingByClass' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 5 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) r5 ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.beta IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta')) END, d.beta) END AS beta, CASE WHEN d.annualized_alpha IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha')) END, d.annualized_alpha) END AS alpha, CASE WHEN d.annualized_std IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std')) END, d.annualized_std) END AS deviation, CASE WHEN d.annualized_sharpe IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe')) END, d.annualized_sharpe) END AS sharpe, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundRiskYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 5 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) k5 ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.compound_return IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'CompoundReturn', d.raw_json ->> 'compound_return')) END, d.compound_return) END AS value, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 10 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) y10 ON true
LEFT JOIN LATERAL (SELECT d.compound_return_ranking AS ranking, d.compound_return_fund_count AS funds, d.compound_return_quartile AS quartile, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundYearlyPerformanceRankingByClass' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 10 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) r10 ON true
LEFT JOIN LATERAL (SELECT d.month_end_date, CASE WHEN d.beta IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'Beta', d.raw_json ->> 'beta')) END, d.beta) END AS beta, CASE WHEN d.annualized_alpha IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedAlpha', d.raw_json ->> 'annualized_alpha')) END, d.annualized_alpha) END AS alpha, CASE WHEN d.annualized_std IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSTD', d.raw_json ->> 'annualized_std')) END, d.annualized_std) END AS deviation, CASE WHEN d.annualized_sharpe IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AnnualizedSharpe', d.raw_json ->> 'annualized_sharpe')) END, d.annualized_sharpe) END AS sharpe, d.processed_at FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundRiskYearlyPerformance' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.year = 10 ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1) k10 ON true
LEFT JOIN LATERAL (SELECT newest.day, (SELECT jsonb_agg(jsonb_build_object('number', d.holding_number, 'security', d.security, 'market_percent', CASE WHEN d.market_percent IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'MarketPercent', d.raw_json ->> 'market_percent') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'MarketPercent', d.raw_json ->> 'market_percent'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'MarketPercent', d.raw_json ->> 'market_percent')) END, d.market_percent) END) ORDER BY d.holding_number, d.record_id) FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundTopHolding' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.row_ordinal = 0 AND d.date IS NOT DISTINCT FROM newest.day AND lower(coalesce(d.language, '')) = (SELECT min(lower(coalesce(d.language, ''))) FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundTopHolding' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.date IS NOT DISTINCT FROM newest.day)) AS items, (SELECT max(d.processed_at) FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundTopHolding' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))) AS processed_at FROM (SELECT max(d.date) AS day FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundTopHolding' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))) newest) h ON true
LEFT JOIN LATERAL (SELECT newest.day, (SELECT jsonb_agg(jsonb_build_object('type', d.allocation_type, 'name', d.allocation_name, 'percent', CASE WHEN d.allocation_value IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'AllocationValue', d.raw_json ->> 'allocation_value') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'AllocationValue', d.raw_json ->> 'allocation_value'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'AllocationValue', d.raw_json ->> 'allocation_value')) END, d.allocation_value) END) ORDER BY d.allocation_type, d.record_id) FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundAllocation' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.row_ordinal = 0 AND d.allocation_date IS NOT DISTINCT FROM newest.day AND lower(coalesce(d.language, '')) = (SELECT min(lower(coalesce(d.language, ''))) FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundAllocation' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.allocation_date IS NOT DISTINCT FROM newest.day)) AS items, (SELECT max(d.processed_at) FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundAllocation' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))) AS processed_at FROM (SELECT max(d.allocation_date) AS day FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundAllocation' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active'))) newest) l ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.item ORDER BY x.expense_type, x.record_id) AS items, max(x.processed_at) AS processed_at FROM (
    SELECT DISTINCT ON (d.expense_type) jsonb_build_object('type', d.expense_type, 'date', d.expense_date, 'percent', CASE WHEN d.expense_value IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ExpenseValue', d.raw_json ->> 'expense_value') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ExpenseValue', d.raw_json ->> 'expense_value'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ExpenseValue', d.raw_json ->> 'expense_value')) END, d.expense_value) END) AS item, d.expense_type, d.record_id, d.processed_at
    FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundExpenses' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) ORDER BY d.expense_type, d.expense_date DESC NULLS LAST, d.record_id
  ) x
) e ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.item ORDER BY x.date DESC, x.record_id) AS items, max(x.processed_at) AS processed_at FROM (
    SELECT jsonb_build_object('date', d.date, 'total', CASE WHEN d.total_distribution IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'TotalDistribution', d.raw_json ->> 'total_distribution')) END, d.total_distribution) END, 'dividend_income', CASE WHEN d.dividend_income IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'DividendIncome', d.raw_json ->> 'dividend_income') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'DividendIncome', d.raw_json ->> 'dividend_income'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'DividendIncome', d.raw_json ->> 'dividend_income')) END, d.dividend_income) END, 'foreign_dividend_income', CASE WHEN d.foreign_dividend_income IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ForeignDividendIncome', d.raw_json ->> 'foreign_dividend_income') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ForeignDividendIncome', d.raw_json ->> 'foreign_dividend_income'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ForeignDividendIncome', d.raw_json ->> 'foreign_dividend_income')) END, d.foreign_dividend_income) END, 'capital_gains', CASE WHEN d.capital_gains IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'CapitalGains', d.raw_json ->> 'capital_gains') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'CapitalGains', d.raw_json ->> 'capital_gains'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'CapitalGains', d.raw_json ->> 'capital_gains')) END, d.capital_gains) END, 'interest_income', CASE WHEN d.interest_income IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'InterestIncome', d.raw_json ->> 'interest_income') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'InterestIncome', d.raw_json ->> 'interest_income'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'InterestIncome', d.raw_json ->> 'interest_income')) END, d.interest_income) END, 'return_of_principle', CASE WHEN d.return_of_principle IS NOT NULL THEN coalesce(CASE WHEN coalesce(d.raw_json ->> 'ReturnOfPrinciple', d.raw_json ->> 'return_of_principle') ~ '^-?[0-9]+([.][0-9]+)?$' THEN (coalesce(d.raw_json ->> 'ReturnOfPrinciple', d.raw_json ->> 'return_of_principle'))::numeric ELSE public.fundata_parse_number(coalesce(d.raw_json ->> 'ReturnOfPrinciple', d.raw_json ->> 'return_of_principle')) END, d.return_of_principle) END) AS item, d.date, d.record_id, d.processed_at
    FROM public.fundata_data d WHERE d.identifier = s.identifier AND d.dataset = 'FundDistribution' AND NOT EXISTS (SELECT FROM public.fundata_data_superseded x WHERE x.identifier = d.identifier AND x.dataset = d.dataset AND x.record_id = d.record_id AND x.data_version = d.data_version) AND (d.record_state IS NULL OR lower(d.record_state) IN ('', 'active')) AND d.row_ordinal = 0 ORDER BY d.date DESC NULLS LAST, d.record_id LIMIT 24
  ) x
) t ON true
) q;

CREATE OR REPLACE VIEW sra.fund_page AS
SELECT identifier, name, name_en, name_fr, company, family, series, category, objective, currency, inception_date, nav, nav_date, nav_change, nav_change_percent, fund_assets, series_assets, assets_date, returns_date, return_1m_percent, return_3m_percent, return_6m_percent, return_ytd_percent, return_inception_percent, inception_return_date, fund_grade, returns, risk, management_fee_percent, expenses, holdings_date, top_holdings, allocations_date, allocations, distributions, as_of, last_run_id
FROM published.fund_page;

COMMENT ON VIEW sra.fund_page IS 'One row per mutual fund: profile, value, returns, rank, risk, fees, holdings, allocations, distributions. Returns over standard horizons are the vendor''s (FundPerformanceSummary, FundYearlyPerformance) at the newest month''s end, in percent and at full precision; so are rank and quartile (FundYearlyPerformanceRankingByClass), risk (FundRiskYearlyPerformance), drawdown and capture (FundAdvancedPerformance). Lists are those of the newest day, in English where both languages are there; distributions are the newest 24. Source: specification, section 5.';

COMMENT ON COLUMN sra.fund_page.identifier IS 'InstrumentKey.';

COMMENT ON COLUMN sra.fund_page.name IS 'Name to show: English, else French.';

COMMENT ON COLUMN sra.fund_page.name_en IS 'English name.';

COMMENT ON COLUMN sra.fund_page.name_fr IS 'French name.';

COMMENT ON COLUMN sra.fund_page.company IS 'Manager.';

COMMENT ON COLUMN sra.fund_page.family IS 'Fund family.';

COMMENT ON COLUMN sra.fund_page.series IS 'Series.';

COMMENT ON COLUMN sra.fund_page.category IS 'CIFSC category.';

COMMENT ON COLUMN sra.fund_page.objective IS 'Objective.';

COMMENT ON COLUMN sra.fund_page.currency IS 'Currency of every amount of the row.';

COMMENT ON COLUMN sra.fund_page.inception_date IS 'First day of the fund.';

COMMENT ON COLUMN sra.fund_page.nav IS 'Newest net asset value per share, with all delivered digits. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_page.nav_date IS 'Its day.';

COMMENT ON COLUMN sra.fund_page.nav_change IS 'Its change since the day before, vendor''s. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_page.nav_change_percent IS 'The same in percent, vendor''s. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fund_page.fund_assets IS 'Assets of the fund, all series. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_page.series_assets IS 'Assets of the series. Unit: currency of the row.';

COMMENT ON COLUMN sra.fund_page.assets_date IS 'Day of the assets.';

COMMENT ON COLUMN sra.fund_page.returns_date IS 'Month''s end of the returns that follow.';

COMMENT ON COLUMN sra.fund_page.return_1m_percent IS 'Return over one month. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fund_page.return_3m_percent IS 'Return over three months. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fund_page.return_6m_percent IS 'Return over six months. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fund_page.return_ytd_percent IS 'Return since the year began. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fund_page.return_inception_percent IS 'Return since inception, a year. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fund_page.inception_return_date IS 'First day of that return.';

COMMENT ON COLUMN sra.fund_page.fund_grade IS 'The vendor''s grade, A to E.';

COMMENT ON COLUMN sra.fund_page.returns IS 'Annualised return, rank and quartile in the category over 1, 3, 5, 10 years.';

COMMENT ON COLUMN sra.fund_page.risk IS 'Risk, drawdown and capture over 1, 3, 5, 10 years.';

COMMENT ON COLUMN sra.fund_page.management_fee_percent IS 'Management fee, a year. Unit: percent, as the vendor delivers it.';

COMMENT ON COLUMN sra.fund_page.expenses IS 'Newest ratio of each type.';

COMMENT ON COLUMN sra.fund_page.holdings_date IS 'Day of the holdings.';

COMMENT ON COLUMN sra.fund_page.top_holdings IS 'The ten largest positions.';

COMMENT ON COLUMN sra.fund_page.allocations_date IS 'Day of the allocations.';

COMMENT ON COLUMN sra.fund_page.allocations IS 'Portfolio by asset class, region and so on.';

COMMENT ON COLUMN sra.fund_page.distributions IS 'Newest 24 distributions, newest first.';

COMMENT ON COLUMN sra.fund_page.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.fund_page.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
