-- The vendor's annualised returns of a fund over 1, 3, 5 and 10 years, each with its rank in the category, as a list.
-- Grain: one row. Key: none. Sources: core.fund_return_years. Units: fraction a year; places.
CREATE OR REPLACE FUNCTION core.fund_returns(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'years', y.years, 'month_end_date', y.month_end_date, 'month_end_return', y.month_end_return,
    'rank_date', y.rank_date, 'category_rank', y.category_rank, 'category_fund_count', y.category_fund_count,
    'quartile', y.quartile, 'percentile', y.percentile
  ) ORDER BY y.years), max(y.processed_at)
FROM core.fund_return_years(of_fund) y
$$;
