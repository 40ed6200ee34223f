-- The vendor's month-end returns of the funds in each CIFSC category: the number of funds with a return, the median, and the
-- bounds of the quartiles. The returns of past months are in the versions of the records.
-- Grain: one row per category, month end and span. Key: category, month_end_date, return_years. Sources: sra.fund_metrics,
-- fundata_data (FundGeneral, FundYearlyPerformance). Units: fraction, beyond a year a year.
-- Without origins: fund_count.
-- name: rows
SELECT c.category, y.month_end_date, y.years AS return_years, count(*) AS fund_count,
  trim_scale((
    (percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY y.month_end_return))[1]
    + (percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY y.month_end_return))[2]
  ) / 2) AS median_return,
  percentile_disc(0.25) WITHIN GROUP (ORDER BY y.month_end_return DESC) AS first_quartile_return,
  percentile_disc(0.75) WITHIN GROUP (ORDER BY y.month_end_return DESC) AS third_quartile_return, max(y.processed_at) AS as_of
FROM sra.fund_metrics f
CROSS JOIN LATERAL core.fund_category(f.identifier) c
JOIN affected_keys s ON s.category = c.category
CROSS JOIN LATERAL core.fund_return_months(f.identifier) y
WHERE y.month_end_return IS NOT NULL
GROUP BY c.category, y.month_end_date, y.years;
-- name: keys
SELECT c.category FROM sra.fund_metrics f CROSS JOIN LATERAL core.fund_category(f.identifier) c;
-- name: affected
-- every category that a fund is or was in
SELECT g.cifsc_type AS category, r.run_id
FROM (
  SELECT DISTINCT d.identifier, d.run_id
  FROM core.fund_records_of_runs($1::uuid[], ARRAY['FundGeneral', 'FundYearlyPerformance']) d
) r
JOIN core.fundata_data_settled g ON g.identifier = r.identifier AND g.dataset = 'FundGeneral';
-- name: example
SELECT c.category, c.month_end_date, c.fund_count, c.median_return FROM sra.category_summary c
WHERE c.return_years = 1 ORDER BY c.category, c.month_end_date;
