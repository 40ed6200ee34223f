-- The vendor's annualised returns of a fund over 1, 3, 5 and 10 years, each with its rank in the category.
-- Grain: one row. Key: none. Sources: core.newest_fund_year (FundYearlyPerformance, FundYearlyPerformanceRankingByClass).
-- Units: percent a year; places.
CREATE OR REPLACE FUNCTION core.fund_returns(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'years', n.years, 'month_end_date', y.month_end_date, 'annualised_return_percent',
    core.exact(y.compound_return, y.raw_json, 'CompoundReturn', 'compound_return'),
    'rank_month_end_date', r.month_end_date, 'category_rank', r.compound_return_ranking,
    'category_funds', r.compound_return_fund_count, 'category_quartile', r.compound_return_quartile,
    'category_percentile', core.percentile(r.compound_return_ranking, r.compound_return_fund_count)
  ) ORDER BY n.years), max(greatest(y.processed_at, r.processed_at))
FROM unnest(ARRAY[1, 3, 5, 10]) n (years)
LEFT JOIN LATERAL core.newest_fund_year(of_fund, 'FundYearlyPerformance', n.years) y ON true
LEFT JOIN LATERAL core.newest_fund_year(of_fund, 'FundYearlyPerformanceRankingByClass', n.years) r ON true
$$;
