-- Everything that a fund's page shows: profile, value, the vendor's returns, ranks and risk, fees, holdings, allocations,
-- distributions. The value of the day is read from fund_value, so a day of new values recomputes no page.
-- Grain: one row per fund. Key: identifier. Sources: fundata_data, fund_value.
-- Units: currency of the row; fraction; else as delivered.
-- name: rows
SELECT s.identifier, m.name, m.name_en, m.name_fr, m.company, m.family, g.series_name AS series,
  g.cifsc_type AS category, g.objective, m.currency, m.inception_date, t.fund_assets, t.series_assets,
  t.date AS assets_date, p.month_end_date, p.one_month_return AS month_end_return_1m,
  p.three_month_return AS month_end_return_3m, p.six_month_return AS month_end_return_6m,
  p.ytd_return AS month_end_return_ytd, p.inception_return AS month_end_return_since_inception, p.inception_return_date,
  p.fund_grade, returns.items AS returns, risk.items AS risk, g.management_fee,
  coalesce(e.items, '[]') AS expenses, h.day AS holdings_date, coalesce(h.items, '[]') AS top_holdings,
  l.day AS allocations_date, coalesce(l.items, '[]') AS allocations, coalesce(paid.items, '[]') AS distributions,
  e.mer AS management_expense_ratio, e.ter AS trading_expense_ratio, a.worst_monthly_return,
  coalesce(loads.items, '[]') AS loads, coalesce(trailers.items, '[]') AS trailers,
  coalesce(fees.items, '[]') AS other_fees, coalesce(benchmarks.items, '[]') AS benchmarks, g.instrument_type,
  g.strategy, g.properties, g.distribution_frequency, g.legal_status, g.management_type, g.share_class,
  g.fixed_distribution, g.high_net_worth, g.document_type, g.min_investment,
  g.sub_investment AS min_subsequent_investment,
  p.performance_start_date, p.ytd_total_distribution, coalesce(calendar.items, '[]') AS calendar_returns,
  a.month_end_date AS drawdown_date, a.uninterrupted_drawdown, a.max_percent_change,
  a.max_start_date, a.max_end_date, a.max_down_length, a.max_recovery_time,
  equities.capitalization AS equity_capitalization, equities.style AS equity_style,
  equities.month_end_date AS equity_style_date, bonds.duration_class AS fixed_income_duration,
  bonds.credit_rating_class AS fixed_income_credit_rating, bonds.month_end_date AS fixed_income_style_date,
  coalesce(ids.items, '[]') AS identifiers, m.security_id, m.fund_id,
  greatest(
    m.as_of, returns.processed_at, risk.processed_at, g.processed_at, p.processed_at, a.processed_at,
    t.processed_at, equities.processed_at, bonds.processed_at, h.processed_at, l.processed_at,
    e.processed_at, paid.processed_at, loads.processed_at, trailers.processed_at, fees.processed_at,
    benchmarks.processed_at, calendar.processed_at, ids.processed_at
  ) AS as_of, m.is_active
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
LEFT JOIN LATERAL core.fund_general(s.identifier) g ON true
LEFT JOIN LATERAL core.fund_summary(s.identifier) p ON true
LEFT JOIN LATERAL core.fund_whole_history(s.identifier) a ON true
LEFT JOIN LATERAL core.fund_assets(s.identifier) t ON true
LEFT JOIN LATERAL core.newest_fund_record(s.identifier, 'FundEquityStyle') equities ON true
LEFT JOIN LATERAL core.newest_fund_record(s.identifier, 'FundFixedIncomeStyle') bonds ON true
CROSS JOIN LATERAL core.fund_returns(s.identifier) returns
CROSS JOIN LATERAL core.fund_risk(s.identifier) risk
CROSS JOIN LATERAL core.fund_holdings(s.identifier) h
CROSS JOIN LATERAL core.fund_allocations(s.identifier) l
CROSS JOIN LATERAL core.fund_expenses(s.identifier) e
CROSS JOIN LATERAL core.fund_distributions(s.identifier) paid
CROSS JOIN LATERAL core.fund_loads(s.identifier) loads
CROSS JOIN LATERAL core.fund_trailers(s.identifier) trailers
CROSS JOIN LATERAL core.fund_other_fees(s.identifier) fees
CROSS JOIN LATERAL core.fund_benchmarks(s.identifier) benchmarks
CROSS JOIN LATERAL core.fund_calendar_years(s.identifier) calendar
CROSS JOIN LATERAL core.fund_identifiers(s.identifier) ids;
-- name: keys
SELECT m.identifier FROM sra.security_master m WHERE m.source = 'fundata';
-- name: affected
SELECT d.identifier, d.run_id
FROM core.fund_records_of_runs($1::uuid[], ARRAY[
    'FundGeneral', 'FundPerformanceSummary', 'FundYearlyPerformance', 'FundYearlyPerformanceRankingByClass',
    'FundRiskYearlyPerformance', 'FundAdvancedPerformance', 'FundExpenses', 'FundAssets', 'FundTopHolding',
    'FundAllocation', 'FundDistribution', 'FundLoads', 'FundTrailerSchedule', 'FundOtherFee', 'FundAssociateBenchmark',
    'FundEquityStyle', 'FundFixedIncomeStyle', 'InstrumentIdentifier'
  ]) d
UNION ALL
SELECT b.identifier, b.run_id FROM core.fund_benchmarks_of_runs($1::uuid[]) b;
-- name: read
SELECT b.identifier, b.name, b.name_en, b.name_fr, b.company, b.family, b.series, b.category, b.objective, b.currency,
  b.inception_date, v.navps, v.price_date, v.change, v.vendor_price_return_1d, b.fund_assets, b.series_assets,
  b.assets_date, b.month_end_date, b.month_end_return_1m, b.month_end_return_3m, b.month_end_return_6m, b.month_end_return_ytd,
  b.month_end_return_since_inception, b.inception_return_date, b.fund_grade, b.returns, b.risk, b.management_fee,
  b.expenses, b.holdings_date, b.top_holdings, b.allocations_date, b.allocations, b.distributions, v.price_return_1d,
  v.return_1d, b.management_expense_ratio, b.trading_expense_ratio, b.worst_monthly_return, b.loads, b.trailers, b.other_fees,
  b.benchmarks, greatest(b.as_of, v.as_of) AS as_of,
  CASE WHEN v.as_of > b.as_of THEN v.last_run_id ELSE b.last_run_id END AS last_run_id, b.instrument_type, b.strategy,
  b.properties, b.distribution_frequency, b.legal_status, b.management_type, b.share_class, b.fixed_distribution,
  b.high_net_worth, b.document_type, b.min_investment, b.min_subsequent_investment, b.performance_start_date,
  b.ytd_total_distribution, v.current_yield, v.current_yield_percent_change, v.current_yield_date,
  b.calendar_returns, b.drawdown_date, b.uninterrupted_drawdown, b.max_percent_change, b.max_start_date,
  b.max_end_date, b.max_down_length, b.max_recovery_time, b.equity_capitalization, b.equity_style,
  b.equity_style_date, b.fixed_income_duration, b.fixed_income_credit_rating, b.fixed_income_style_date, b.identifiers,
  b.is_active, b.security_id, b.fund_id
FROM materialized_rows b
LEFT JOIN published.fund_value v ON v.identifier = b.identifier;
-- name: example
SELECT p.name, p.navps, p.price_date, p.fund_grade, jsonb_array_length(p.top_holdings) AS holdings FROM sra.fund_page p
WHERE p.identifier = '412';
