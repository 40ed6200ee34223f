-- The vendor's month-end returns of the active funds in each CIFSC category: the number of funds with a return, the median, and
-- the bounds of the quartiles.
-- Grain: one row per category, month end and span. Key: category, month_end_date, return_years. Sources: sra.fund_metrics.
-- Units: fraction, beyond a year a year.
-- Without origins: fund_count, return_years.
-- name: rows
SELECT f.category, y.month_end_date, y.return_years, count(*) AS fund_count,
  trim_scale((
    (percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY y.month_end_return))[1]
    + (percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY y.month_end_return))[2]
  ) / 2) AS median_return,
  percentile_disc(0.25) WITHIN GROUP (ORDER BY y.month_end_return DESC) AS first_quartile_return,
  percentile_disc(0.75) WITHIN GROUP (ORDER BY y.month_end_return DESC) AS third_quartile_return, max(f.as_of) AS as_of,
  (array_agg(f.last_run_id ORDER BY f.as_of DESC, f.identifier))[1] AS last_run_id
FROM sra.fund_metrics f
CROSS JOIN LATERAL (VALUES
    (1, f.month_end_date_1y, f.month_end_return_1y), (3, f.month_end_date_3y, f.month_end_return_3y),
    (5, f.month_end_date_5y, f.month_end_return_5y), (10, f.month_end_date_10y, f.month_end_return_10y)
) y (return_years, month_end_date, month_end_return)
WHERE f.is_active AND f.category IS NOT NULL AND y.month_end_date IS NOT NULL AND y.month_end_return IS NOT NULL
GROUP BY f.category, y.month_end_date, y.return_years;
-- name: example
SELECT c.category, c.month_end_date, c.fund_count, c.median_return FROM sra.category_summary c
WHERE c.return_years = 1 ORDER BY c.category;
