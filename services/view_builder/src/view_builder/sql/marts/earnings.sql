-- Earnings reports of every company: the calendar, estimates, results and surprises. If the vendor delivers a day under two
-- symbols of a security, the report under the newest symbol counts.
-- Grain: one row per report. Key: security_id, report_date. Sources: fmp_earning, fmp_symbol_period, security.
-- Units: as delivered; surprises are fractions of the estimate.
-- name: rows
SELECT r.security_id, r.symbol, r.date AS report_date, r.eps_actual, r.eps_estimated,
  r.eps_actual - r.eps_estimated AS eps_surprise,
  round((r.eps_actual - r.eps_estimated) / nullif(abs(r.eps_estimated), 0), 6) AS eps_surprise_ratio, r.revenue_actual,
  r.revenue_estimated, r.revenue_actual - r.revenue_estimated AS revenue_surprise,
  round((r.revenue_actual - r.revenue_estimated) / nullif(abs(r.revenue_estimated), 0), 6) AS revenue_surprise_ratio,
  r.delivered_symbol, r.updated_at AS known_at, r.updated_at AS as_of, r.run_id AS last_run_id
FROM (
  SELECT e.*, row_number() OVER (
      PARTITION BY e.security_id, e.symbol, e.date ORDER BY e.ended_on DESC NULLS FIRST, e.delivered_symbol
    ) AS place
  FROM core.earning_reports e
) r
WHERE r.place = 1;
-- name: example
SELECT e.report_date, e.eps_actual, e.eps_estimated, e.eps_surprise_ratio FROM sra.earnings e
WHERE e.symbol = 'AAPL' ORDER BY e.report_date DESC LIMIT 8;
