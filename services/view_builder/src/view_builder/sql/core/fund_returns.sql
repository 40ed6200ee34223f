-- The vendor's annualised returns of a fund over 1, 3, 5 and 10 years, each with its rank in the category, as a list.
-- Grain: one row. Key: none. Sources: core.fund_return_years. Units: percent a year; places.
CREATE OR REPLACE FUNCTION core.fund_returns(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'years', y.years, 'month_end_date', y.month_end_date, 'annualised_return_percent', y.compound_return,
    'rank_month_end_date', y.rank_month_end_date, 'category_rank', y.ranking, 'category_funds', y.fund_count,
    'category_quartile', y.quartile, 'category_percentile', y.percentile
  ) ORDER BY y.years), max(y.processed_at)
FROM core.fund_return_years(of_fund) y
$$;
