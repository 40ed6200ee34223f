-- The vendor's returns of a fund over months, year to date and since inception, at its newest month end.
-- Grain: at most one row. Key: none. Sources: core.newest_fund_record (FundPerformanceSummary). Units: fraction; a year since
-- inception.
CREATE OR REPLACE FUNCTION core.fund_summary(of_fund text) RETURNS TABLE (
  month_end_date date, performance_start_date date, inception_return_date date, fund_grade text,
  one_month_return numeric, three_month_return numeric, six_month_return numeric, ytd_return numeric,
  inception_return numeric, ytd_total_distribution numeric, processed_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.month_end_date, d.performance_start_date, d.inception_return_date, d.fund_grade,
  core.percent_as_fraction(core.exact(d.one_month_return, d.raw_json, 'OneMonthReturn', 'one_month_return')),
  core.percent_as_fraction(core.exact(d.three_month_return, d.raw_json, 'ThreeMonthReturn', 'three_month_return')),
  core.percent_as_fraction(core.exact(d.six_month_return, d.raw_json, 'SixMonthReturn', 'six_month_return')),
  core.percent_as_fraction(core.exact(d.ytd_return, d.raw_json, 'YTDReturn', 'ytd_return')),
  core.percent_as_fraction(core.exact(d.inception_return, d.raw_json, 'InceptionReturn', 'inception_return')),
  core.exact(d.ytd_total_distribution, d.raw_json, 'YTDTotalDistribution', 'ytd_total_distribution'), d.processed_at
FROM core.newest_fund_record(of_fund, 'FundPerformanceSummary') d
$$;
