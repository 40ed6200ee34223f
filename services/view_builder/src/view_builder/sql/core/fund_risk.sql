-- The vendor's risk figures of a fund over 1, 3, 5 and 10 years; drawdown, capture and batting are those of its newest month's
-- end, which they name beside the other.
-- Grain: one row. Key: none. Sources: core.newest_fund_year (FundRiskYearlyPerformance), core.fund_drawdowns.
-- Units: as the vendor delivers them.
CREATE OR REPLACE FUNCTION core.fund_risk(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'years', n.years, 'month_end_date', k.month_end_date,
    'beta', core.exact(k.beta, k.raw_json, 'Beta', 'beta'),
    'alpha', core.exact(k.annualized_alpha, k.raw_json, 'AnnualizedAlpha', 'annualized_alpha'),
    'standard_deviation', core.exact(k.annualized_std, k.raw_json, 'AnnualizedSTD', 'annualized_std'),
    'sharpe', core.exact(k.annualized_sharpe, k.raw_json, 'AnnualizedSharpe', 'annualized_sharpe'),
    'r_squared', core.exact(k.r_squared, k.raw_json, 'RSquared', 'r_squared'),
    'treynor', core.exact(k.annualized_treynor, k.raw_json, 'AnnualizedTreynor', 'annualized_treynor'),
    'sortino', core.exact(k.annualized_sortino, k.raw_json, 'AnnualizedSortino', 'annualized_sortino'),
    'information_ratio',
    core.exact(k.annualized_information_ratio, k.raw_json, 'AnnualizedInformationRatio', 'annualized_information_ratio'),
    'tracking_error',
    core.exact(k.annualized_tracking_error, k.raw_json, 'AnnualizedTrackingError', 'annualized_tracking_error'),
    'downside_deviation', core.exact(k.downside_deviation, k.raw_json, 'DownsideDeviation', 'downside_deviation'),
    'jensen_alpha',
    core.exact(k.annualized_jensen_alpha, k.raw_json, 'AnnualizedJensenAlpha', 'annualized_jensen_alpha'),
    'calmar', core.exact(k.calmar, k.raw_json, 'Calmar', 'calmar'),
    'tax_efficiency', core.exact(k.tax_efficiency, k.raw_json, 'TaxEfficiency', 'tax_efficiency'),
    'drawdown_month_end_date', a.month_end_date, 'max_drawdown_percent', a.max_drawdown, 'up_capture', a.up_capture,
    'down_capture', a.down_capture, 'category_batting', a.category_batting, 'absolute_batting', a.absolute_batting
  ) ORDER BY n.years), max(k.processed_at)
FROM unnest(ARRAY[1, 3, 5, 10]) n (years)
LEFT JOIN LATERAL core.newest_fund_year(of_fund, 'FundRiskYearlyPerformance', n.years) k ON true
LEFT JOIN core.fund_drawdowns(of_fund) a ON a.years = n.years
$$;
