-- The vendor's risk figures of a fund over 1, 3, 5 and 10 years.
-- Grain: one row per span. Key: years. Sources: core.newest_fund_year (FundRiskYearlyPerformance).
-- Units: as delivered; standard_deviation is a fraction a year.
CREATE OR REPLACE FUNCTION core.fund_risk_years(of_fund text) RETURNS TABLE (
  years integer, month_end_date date, beta numeric, annualized_alpha numeric, standard_deviation numeric, sharpe numeric,
  r_squared numeric, annualized_treynor numeric, annualized_sortino numeric, annualized_information_ratio numeric,
  annualized_tracking_error numeric, downside_deviation numeric, annualized_jensen_alpha numeric, calmar numeric,
  tax_efficiency numeric, processed_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT n.years, k.month_end_date, core.exact(k.beta, k.raw_json, 'Beta', 'beta'),
  core.exact(k.annualized_alpha, k.raw_json, 'AnnualizedAlpha', 'annualized_alpha'),
  core.percent_as_fraction(core.exact(k.annualized_std, k.raw_json, 'AnnualizedSTD', 'annualized_std')),
  core.exact(k.annualized_sharpe, k.raw_json, 'AnnualizedSharpe', 'annualized_sharpe'),
  core.exact(k.r_squared, k.raw_json, 'RSquared', 'r_squared'),
  core.exact(k.annualized_treynor, k.raw_json, 'AnnualizedTreynor', 'annualized_treynor'),
  core.exact(k.annualized_sortino, k.raw_json, 'AnnualizedSortino', 'annualized_sortino'),
  core.exact(k.annualized_information_ratio, k.raw_json, 'AnnualizedInformationRatio', 'annualized_information_ratio'),
  core.exact(k.annualized_tracking_error, k.raw_json, 'AnnualizedTrackingError', 'annualized_tracking_error'),
  core.exact(k.downside_deviation, k.raw_json, 'DownsideDeviation', 'downside_deviation'),
  core.exact(k.annualized_jensen_alpha, k.raw_json, 'AnnualizedJensenAlpha', 'annualized_jensen_alpha'),
  core.exact(k.calmar, k.raw_json, 'Calmar', 'calmar'),
  core.exact(k.tax_efficiency, k.raw_json, 'TaxEfficiency', 'tax_efficiency'), k.processed_at
FROM unnest(ARRAY[1, 3, 5, 10]) n (years)
LEFT JOIN LATERAL core.newest_fund_year(of_fund, 'FundRiskYearlyPerformance', n.years) k ON true
$$;
