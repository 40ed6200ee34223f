-- The vendor's month-end returns, ranks, risk and fees of every fund in flat columns, for lists and screens; fund_page shows the
-- same figures as lists. A day of new values changes none of them.
-- Grain: one row per fund. Key: identifier. Sources: fundata_data.
-- Units: fraction; fraction a year beyond one year and for risk and fees; places; currency of the fund.
-- name: rows
SELECT s.identifier, m.name, m.isin, m.company, m.family, g.series_name AS series, g.cifsc_type AS category,
  m.currency, m.inception_date, m.is_active, p.month_end_date,
  p.one_month_return AS month_end_return_1m, p.three_month_return AS month_end_return_3m,
  p.six_month_return AS month_end_return_6m, p.ytd_return AS month_end_return_ytd,
  p.inception_return AS month_end_return_since_inception, p.inception_return_date,
  y.month_end_date_1y, y.month_end_return_1y, y.rank_date_1y, y.category_rank_1y,
  y.category_fund_count_1y, y.quartile_1y, y.percentile_1y,
  y.month_end_date_3y, y.month_end_return_3y, y.rank_date_3y, y.category_rank_3y,
  y.category_fund_count_3y, y.quartile_3y, y.percentile_3y,
  y.month_end_date_5y, y.month_end_return_5y, y.rank_date_5y, y.category_rank_5y,
  y.category_fund_count_5y, y.quartile_5y, y.percentile_5y,
  y.month_end_date_10y, y.month_end_return_10y, y.rank_date_10y, y.category_rank_10y,
  y.category_fund_count_10y, y.quartile_10y, y.percentile_10y,
  k.risk_date_1y, k.vendor_standard_deviation_1y, k.vendor_sharpe_1y, k.vendor_beta_1y,
  k.risk_date_3y, k.vendor_standard_deviation_3y, k.vendor_sharpe_3y, k.vendor_beta_3y,
  k.risk_date_5y, k.vendor_standard_deviation_5y, k.vendor_sharpe_5y, k.vendor_beta_5y,
  k.risk_date_10y, k.vendor_standard_deviation_10y, k.vendor_sharpe_10y, k.vendor_beta_10y,
  e.mer AS management_expense_ratio, e.mer_date AS expense_date,
  e.ter AS trading_expense_ratio, e.ter_date AS trading_expense_date,
  g.management_fee, m.security_id, m.fund_id,
  greatest(m.as_of, g.processed_at, p.processed_at, y.processed_at, k.processed_at, e.processed_at) AS as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
LEFT JOIN LATERAL core.fund_general(s.identifier) g ON true
LEFT JOIN LATERAL core.fund_summary(s.identifier) p ON true
CROSS JOIN LATERAL core.fund_expenses(s.identifier) e
CROSS JOIN LATERAL (
  SELECT max(x.processed_at) AS processed_at,
    max(x.month_end_date) FILTER (WHERE x.years = 1) AS month_end_date_1y,
    max(x.month_end_return) FILTER (WHERE x.years = 1) AS month_end_return_1y,
    max(x.rank_date) FILTER (WHERE x.years = 1) AS rank_date_1y,
    max(x.category_rank) FILTER (WHERE x.years = 1) AS category_rank_1y,
    max(x.category_fund_count) FILTER (WHERE x.years = 1) AS category_fund_count_1y,
    max(x.quartile) FILTER (WHERE x.years = 1) AS quartile_1y,
    max(x.percentile) FILTER (WHERE x.years = 1) AS percentile_1y,
    max(x.month_end_date) FILTER (WHERE x.years = 3) AS month_end_date_3y,
    max(x.month_end_return) FILTER (WHERE x.years = 3) AS month_end_return_3y,
    max(x.rank_date) FILTER (WHERE x.years = 3) AS rank_date_3y,
    max(x.category_rank) FILTER (WHERE x.years = 3) AS category_rank_3y,
    max(x.category_fund_count) FILTER (WHERE x.years = 3) AS category_fund_count_3y,
    max(x.quartile) FILTER (WHERE x.years = 3) AS quartile_3y,
    max(x.percentile) FILTER (WHERE x.years = 3) AS percentile_3y,
    max(x.month_end_date) FILTER (WHERE x.years = 5) AS month_end_date_5y,
    max(x.month_end_return) FILTER (WHERE x.years = 5) AS month_end_return_5y,
    max(x.rank_date) FILTER (WHERE x.years = 5) AS rank_date_5y,
    max(x.category_rank) FILTER (WHERE x.years = 5) AS category_rank_5y,
    max(x.category_fund_count) FILTER (WHERE x.years = 5) AS category_fund_count_5y,
    max(x.quartile) FILTER (WHERE x.years = 5) AS quartile_5y,
    max(x.percentile) FILTER (WHERE x.years = 5) AS percentile_5y,
    max(x.month_end_date) FILTER (WHERE x.years = 10) AS month_end_date_10y,
    max(x.month_end_return) FILTER (WHERE x.years = 10) AS month_end_return_10y,
    max(x.rank_date) FILTER (WHERE x.years = 10) AS rank_date_10y,
    max(x.category_rank) FILTER (WHERE x.years = 10) AS category_rank_10y,
    max(x.category_fund_count) FILTER (WHERE x.years = 10) AS category_fund_count_10y,
    max(x.quartile) FILTER (WHERE x.years = 10) AS quartile_10y,
    max(x.percentile) FILTER (WHERE x.years = 10) AS percentile_10y
  FROM core.fund_return_years(s.identifier) x
) y
CROSS JOIN LATERAL (
  SELECT max(x.processed_at) AS processed_at,
    max(x.month_end_date) FILTER (WHERE x.years = 1) AS risk_date_1y,
    max(x.standard_deviation) FILTER (WHERE x.years = 1) AS vendor_standard_deviation_1y,
    max(x.sharpe) FILTER (WHERE x.years = 1) AS vendor_sharpe_1y,
    max(x.beta) FILTER (WHERE x.years = 1) AS vendor_beta_1y,
    max(x.month_end_date) FILTER (WHERE x.years = 3) AS risk_date_3y,
    max(x.standard_deviation) FILTER (WHERE x.years = 3) AS vendor_standard_deviation_3y,
    max(x.sharpe) FILTER (WHERE x.years = 3) AS vendor_sharpe_3y,
    max(x.beta) FILTER (WHERE x.years = 3) AS vendor_beta_3y,
    max(x.month_end_date) FILTER (WHERE x.years = 5) AS risk_date_5y,
    max(x.standard_deviation) FILTER (WHERE x.years = 5) AS vendor_standard_deviation_5y,
    max(x.sharpe) FILTER (WHERE x.years = 5) AS vendor_sharpe_5y,
    max(x.beta) FILTER (WHERE x.years = 5) AS vendor_beta_5y,
    max(x.month_end_date) FILTER (WHERE x.years = 10) AS risk_date_10y,
    max(x.standard_deviation) FILTER (WHERE x.years = 10) AS vendor_standard_deviation_10y,
    max(x.sharpe) FILTER (WHERE x.years = 10) AS vendor_sharpe_10y,
    max(x.beta) FILTER (WHERE x.years = 10) AS vendor_beta_10y
  FROM core.fund_risk_years(s.identifier) x
) k;
-- name: keys
SELECT m.identifier FROM sra.security_master m WHERE m.source = 'fundata';
-- name: affected
SELECT d.identifier, d.run_id
FROM core.fund_records_of_runs($1::uuid[], ARRAY[
    'FundGeneral', 'FundPerformanceSummary', 'FundYearlyPerformance', 'FundYearlyPerformanceRankingByClass',
    'FundRiskYearlyPerformance', 'FundExpenses', 'InstrumentIdentifier'
  ]) d;
-- name: example
SELECT f.name, f.month_end_return_3y, f.quartile_3y, f.management_expense_ratio FROM sra.fund_metrics f
WHERE f.category = 'Canadian Equity' AND f.is_active ORDER BY f.month_end_return_3y DESC NULLS LAST LIMIT 20;
