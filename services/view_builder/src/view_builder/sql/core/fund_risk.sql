-- The vendor's risk figures of a fund over 1, 3, 5 and 10 years, as a list. Drawdown, capture and batting average are those of
-- the fund's newest month end, drawdown_date.
-- Grain: one row. Key: none. Sources: core.fund_risk_years, core.fund_drawdowns. Units: standard_deviation and
-- max_drawdown are fractions; the others as delivered.
CREATE OR REPLACE FUNCTION core.fund_risk(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'years', k.years, 'risk_date', k.month_end_date, 'beta', k.beta, 'annualized_alpha', k.annualized_alpha,
    'standard_deviation', k.standard_deviation, 'sharpe', k.sharpe, 'r_squared', k.r_squared,
    'annualized_treynor', k.annualized_treynor, 'annualized_sortino', k.annualized_sortino,
    'annualized_information_ratio', k.annualized_information_ratio,
    'annualized_tracking_error', k.annualized_tracking_error, 'downside_deviation', k.downside_deviation,
    'annualized_jensen_alpha', k.annualized_jensen_alpha, 'calmar', k.calmar, 'tax_efficiency', k.tax_efficiency,
    'drawdown_date', a.month_end_date, 'max_drawdown', a.max_drawdown, 'up_capture', a.up_capture, 'down_capture', a.down_capture,
    'category_batting', a.category_batting, 'absolute_batting', a.absolute_batting
  ) ORDER BY k.years), max(k.processed_at)
FROM core.fund_risk_years(of_fund) k
LEFT JOIN core.fund_drawdowns(of_fund) a ON a.years = k.years
$$;
