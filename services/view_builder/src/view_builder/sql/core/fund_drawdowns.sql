-- Drawdown, capture and batting average of a fund over 1, 3, 5 and 10 years at its newest month end.
-- Grain: one row per span. Key: years. Sources: core.newest_fund_record (FundAdvancedPerformance).
-- Units: max_drawdown a fraction, zero or below; capture and batting as the vendor delivers them.
CREATE OR REPLACE FUNCTION core.fund_drawdowns(of_fund text) RETURNS TABLE (
  years integer, month_end_date date, max_drawdown numeric, up_capture numeric, down_capture numeric,
  category_batting numeric, absolute_batting numeric
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT y.years, d.month_end_date, core.drawdown(y.max_drawdown), y.up_capture, y.down_capture, y.category_batting,
  y.absolute_batting
FROM core.newest_fund_record(of_fund, 'FundAdvancedPerformance') d
CROSS JOIN LATERAL (VALUES
  (
    1, core.exact(d.one_year_max_drawdown, d.raw_json, 'OneYearMaxDrawdown', 'one_year_max_drawdown'),
    core.exact(d.one_year_up_capture, d.raw_json, 'OneYearUpCapture', 'one_year_up_capture'),
    core.exact(d.one_year_down_capture, d.raw_json, 'OneYearDownCapture', 'one_year_down_capture'),
    core.exact(d.one_year_category_batting, d.raw_json, 'OneYearCategoryBatting', 'one_year_category_batting'),
    core.exact(d.one_year_absolute_batting, d.raw_json, 'OneYearAbsoluteBatting', 'one_year_absolute_batting')
  ),
  (
    3, core.exact(d.three_year_max_drawdown, d.raw_json, 'ThreeYearMaxDrawdown', 'three_year_max_drawdown'),
    core.exact(d.three_year_up_capture, d.raw_json, 'ThreeYearUpCapture', 'three_year_up_capture'),
    core.exact(d.three_year_down_capture, d.raw_json, 'ThreeYearDownCapture', 'three_year_down_capture'),
    core.exact(d.three_year_category_batting, d.raw_json, 'ThreeYearCategoryBatting', 'three_year_category_batting'),
    core.exact(d.three_year_absolute_batting, d.raw_json, 'ThreeYearAbsoluteBatting', 'three_year_absolute_batting')
  ),
  (
    5, core.exact(d.five_year_max_drawdown, d.raw_json, 'FiveYearMaxDrawdown', 'five_year_max_drawdown'),
    core.exact(d.five_year_up_capture, d.raw_json, 'FiveYearUpCapture', 'five_year_up_capture'),
    core.exact(d.five_year_down_capture, d.raw_json, 'FiveYearDownCapture', 'five_year_down_capture'),
    core.exact(d.five_year_category_batting, d.raw_json, 'FiveYearCategoryBatting', 'five_year_category_batting'),
    core.exact(d.five_year_absolute_batting, d.raw_json, 'FiveYearAbsoluteBatting', 'five_year_absolute_batting')
  ),
  (
    10, core.exact(d.ten_year_max_drawdown, d.raw_json, 'TenYearMaxDrawdown', 'ten_year_max_drawdown'),
    core.exact(d.ten_year_up_capture, d.raw_json, 'TenYearUpCapture', 'ten_year_up_capture'),
    core.exact(d.ten_year_down_capture, d.raw_json, 'TenYearDownCapture', 'ten_year_down_capture'),
    core.exact(d.ten_year_category_batting, d.raw_json, 'TenYearCategoryBatting', 'ten_year_category_batting'),
    core.exact(d.ten_year_absolute_batting, d.raw_json, 'TenYearAbsoluteBatting', 'ten_year_absolute_batting')
  )
) y (years, max_drawdown, up_capture, down_capture, category_batting, absolute_batting)
$$;
