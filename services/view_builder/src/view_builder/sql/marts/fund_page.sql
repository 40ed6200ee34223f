-- All that a fund's page shows: profile, value, the vendor's returns, ranks and risk, fees, holdings, allocations, distributions.
-- Grain: one row per fund. Key: identifier. Sources: fundata_data, published.fund_quote_history, fundata_quotes (yield).
-- Units: currency of the row; percent as the vendor delivers it; our own returns are fractions.
-- name: rows
SELECT s.identifier, m.name, m.name_en, m.name_fr, m.company, m.family, g.series_name AS series,
  g.cifsc_type AS category, g.objective, m.currency, m.inception_date, q.navps AS nav, q.date AS nav_date,
  q.change AS nav_change, q.change_percent AS nav_change_percent, t.fund_assets, t.series_assets,
  t.date AS assets_date, p.month_end_date AS returns_date, p.one_month_return AS return_1m_percent,
  p.three_month_return AS return_3m_percent, p.six_month_return AS return_6m_percent,
  p.ytd_return AS return_ytd_percent, p.inception_return AS return_inception_percent,
  p.inception_return_date, p.fund_grade, returns.items AS returns, risk.items AS risk,
  g.management_fee AS management_fee_percent, coalesce(e.items, '[]') AS expenses, h.day AS holdings_date,
  coalesce(h.items, '[]') AS top_holdings, l.day AS allocations_date, coalesce(l.items, '[]') AS allocations,
  coalesce(paid.items, '[]') AS distributions, q.price_return AS price_return_1d, q.total_return AS total_return_1d,
  e.mer AS mer_percent, e.ter AS ter_percent, a.worst_monthly_return AS worst_monthly_return_percent,
  coalesce(loads.items, '[]') AS loads, coalesce(trailers.items, '[]') AS trailers,
  coalesce(fees.items, '[]') AS other_fees, coalesce(benchmarks.items, '[]') AS benchmarks, g.instrument_type,
  g.strategy, g.properties, g.distribution_frequency, g.legal_status, g.management_type, g.share_class,
  g.fixed_distribution, g.high_net_worth, g.document_type, g.min_investment, g.sub_investment,
  p.performance_start_date, p.ytd_total_distribution, y.current_yield AS current_yield_percent,
  y.change AS current_yield_change_percent, y.date AS current_yield_date,
  coalesce(calendar.items, '[]') AS calendar_returns, a.month_end_date AS drawdown_date,
  a.uninterrupted_drawdown AS uninterrupted_drawdown_percent, a.max_percent_change, a.max_start_date, a.max_end_date,
  a.max_down_length, a.max_recovery_time, equities.capitalization AS equity_capitalization,
  equities.style AS equity_style, equities.month_end_date AS equity_style_date,
  bonds.duration_class AS fixed_income_duration, bonds.credit_rating_class AS fixed_income_credit_rating,
  bonds.month_end_date AS fixed_income_style_date, coalesce(ids.items, '[]') AS identifiers,
  greatest(
    m.as_of, q.as_of, returns.processed_at, risk.processed_at, g.processed_at, p.processed_at, a.processed_at,
    t.processed_at, equities.processed_at, bonds.processed_at, y.processed_at, h.processed_at, l.processed_at,
    e.processed_at, paid.processed_at, loads.processed_at, trailers.processed_at, fees.processed_at,
    benchmarks.processed_at, calendar.processed_at, ids.processed_at
  ) AS as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
LEFT JOIN LATERAL (
  SELECT n.* FROM published.fund_quote_history n WHERE n.identifier = s.identifier ORDER BY n.date DESC LIMIT 1
) q ON true
LEFT JOIN LATERAL core.fund_general(s.identifier) g ON true
LEFT JOIN LATERAL core.fund_summary(s.identifier) p ON true
LEFT JOIN LATERAL core.fund_whole_history(s.identifier) a ON true
LEFT JOIN LATERAL core.fund_assets(s.identifier) t ON true
LEFT JOIN LATERAL core.newest_fund_record(s.identifier, 'FundEquityStyle') equities ON true
LEFT JOIN LATERAL core.newest_fund_record(s.identifier, 'FundFixedIncomeStyle') bonds ON true
LEFT JOIN LATERAL core.fund_yield(s.identifier, q.date) y ON true
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
FROM public.fundata_data d
WHERE d.run_id = ANY($1::uuid[]) AND d.dataset IN (
    'FundGeneral', 'FundPerformanceSummary', 'FundYearlyPerformance', 'FundYearlyPerformanceRankingByClass',
    'FundRiskYearlyPerformance', 'FundAdvancedPerformance', 'FundExpenses', 'FundAssets', 'FundTopHolding',
    'FundAllocation', 'FundDistribution', 'FundLoads', 'FundTrailerSchedule', 'FundOtherFee', 'FundAssociateBenchmark',
    'FundEquityStyle', 'FundFixedIncomeStyle', 'InstrumentIdentifier'
  )
UNION ALL
SELECT d.identifier, n.run_id
FROM public.fundata_data n
JOIN public.fundata_data d ON d.dataset = 'FundAssociateBenchmark' AND d.benchmark_instrument_key = n.identifier
WHERE n.run_id = ANY($1::uuid[]) AND n.dataset IN ('BenchmarkGeneral', 'BenchmarkYearlyPerformance')
UNION ALL
SELECT DISTINCT q.identifier, q.run_id FROM public.fundata_quotes q WHERE q.run_id = ANY($1::uuid[]);
