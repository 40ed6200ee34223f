-- The vendor's annualised returns of a fund over 1, 3, 5 and 10 years, each with its rank in the category.
-- Grain: one row per span. Key: years. Sources: core.newest_fund_year (FundYearlyPerformance,
-- FundYearlyPerformanceRankingByClass). Units: fraction a year; places.
CREATE OR REPLACE FUNCTION core.fund_return_years(of_fund text) RETURNS TABLE (
  years integer, month_end_date date, month_end_return numeric, rank_date date, category_rank bigint,
  category_fund_count bigint, quartile bigint, percentile bigint, processed_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT n.years, y.month_end_date,
  core.percent_as_fraction(core.exact(y.compound_return, y.raw_json, 'CompoundReturn', 'compound_return')),
  r.month_end_date, core.whole_number(r.compound_return_ranking), core.whole_number(r.compound_return_fund_count),
  core.whole_number(r.compound_return_quartile),
  core.percentile(r.compound_return_ranking, r.compound_return_fund_count), greatest(y.processed_at, r.processed_at)
FROM unnest(ARRAY[1, 3, 5, 10]) n (years)
LEFT JOIN LATERAL core.newest_fund_year(of_fund, 'FundYearlyPerformance', n.years) y ON true
LEFT JOIN LATERAL core.newest_fund_year(of_fund, 'FundYearlyPerformanceRankingByClass', n.years) r ON true
$$;
