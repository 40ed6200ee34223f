-- The vendor's return of a fund in each calendar year, with its rank. Both have the same month end and number the past years
-- alike.
-- Grain: one row. Key: none. Sources: core.fundata_data_latest (FundYearlyPerformance, FundYearlyPerformanceRankingByClass).
-- Units: fraction; places.
CREATE OR REPLACE FUNCTION core.fund_calendar_years(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(x.item ORDER BY x.calendar_year DESC), max(x.stored)
FROM (
  SELECT DISTINCT ON (d.calendar_return_year) d.calendar_return_year AS calendar_year,
    greatest(d.processed_at, k.processed_at) AS stored, jsonb_build_object(
      'year', core.whole_number(d.calendar_return_year), 'calendar_year_return', core.percent_as_fraction(
        core.exact(d.calendar_simple_return, d.raw_json, 'CalendarSimpleReturn', 'calendar_simple_return')
      ), 'category_rank', core.whole_number(k.calendar_return_ranking),
      'category_fund_count', core.whole_number(k.calendar_return_fund_count),
      'quartile', core.whole_number(k.calendar_return_quartile),
      'percentile', core.percentile(k.calendar_return_ranking, k.calendar_return_fund_count)
    ) AS item
  FROM core.fundata_data_latest d
  LEFT JOIN LATERAL (
    SELECT o.* FROM core.fundata_data_latest o
    WHERE o.identifier = d.identifier AND o.dataset = 'FundYearlyPerformanceRankingByClass' AND o.year = d.year
      AND o.month_end_date = d.month_end_date
    ORDER BY o.record_id DESC LIMIT 1
  ) k ON true
  WHERE d.identifier = of_fund AND d.dataset = 'FundYearlyPerformance' AND core.whole_number(d.calendar_return_year) IS NOT NULL
  ORDER BY d.calendar_return_year, d.month_end_date DESC NULLS LAST, d.record_id DESC
) x
$$;
