-- The vendor's risk figures of a fund over 1, 3, 5 and 10 years, as a list; drawdown, capture and batting are those of its newest
-- month's end, which they name beside the other.
-- Grain: one row. Key: none. Sources: core.fund_risk_years, core.fund_drawdowns. Units: as the vendor delivers them.
CREATE OR REPLACE FUNCTION core.fund_risk(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'years', k.years, 'month_end_date', k.month_end_date, 'beta', k.beta, 'alpha', k.alpha,
    'standard_deviation', k.standard_deviation, 'sharpe', k.sharpe, 'r_squared', k.r_squared, 'treynor', k.treynor,
    'sortino', k.sortino, 'information_ratio', k.information_ratio, 'tracking_error', k.tracking_error,
    'downside_deviation', k.downside_deviation, 'jensen_alpha', k.jensen_alpha, 'calmar', k.calmar,
    'tax_efficiency', k.tax_efficiency, 'drawdown_month_end_date', a.month_end_date,
    'max_drawdown_percent', a.max_drawdown, 'up_capture', a.up_capture, 'down_capture', a.down_capture,
    'category_batting', a.category_batting, 'absolute_batting', a.absolute_batting
  ) ORDER BY k.years), max(k.processed_at)
FROM core.fund_risk_years(of_fund) k
LEFT JOIN core.fund_drawdowns(of_fund) a ON a.years = k.years
$$;
