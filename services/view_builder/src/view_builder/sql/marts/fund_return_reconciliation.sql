-- Our return of every fund and month next to the vendor's OneMonthReturn, one row for each month end with a return of the vendor.
-- The comparison shows whether values, distributions and splits are right. Only months with changed inputs are recomputed; a day
-- of values usually changes no month that has ended.
-- Grain: one row per fund and month end. Key: identifier, month_end_date. Sources: fundata_data (FundPerformanceSummary),
-- published.fund_quote_history. Units: fraction.
-- name: rows
SELECT r.identifier, r.month_end_date, r.start_date, r.end_date, r.total_return, r.vendor_return, r.difference,
  abs(r.difference) <= 0.001 AS is_within,
  CASE
    WHEN NOT core.is_near_month_end(r.month_end_date) THEN 'no_month_end'
    WHEN r.vendor_return IS NULL THEN 'no_vendor_return'
    WHEN r.end_date IS NULL THEN 'no_end_value'
    WHEN r.start_date IS NULL THEN 'no_start_value'
  END AS reason, r.as_of, 'fundata:' || r.identifier AS security_id
FROM (
  SELECT s.identifier, s.month_end_date, b.date AS start_date, e.date AS end_date, o.total_return, v.vendor_return,
    CASE WHEN core.is_near_month_end(s.month_end_date) THEN o.total_return - v.vendor_return END AS difference,
    greatest(v.processed_at, h.as_of) AS as_of
  FROM affected_keys s
  CROSS JOIN LATERAL (
    SELECT m.one_month_return AS vendor_return, m.processed_at
    FROM core.fund_month(s.identifier, s.month_end_date) m
  ) v
  LEFT JOIN LATERAL core.fund_level(s.identifier, core.month_end(s.month_end_date, 0)) b ON true
  LEFT JOIN LATERAL core.fund_level(s.identifier, s.month_end_date) e ON true
  CROSS JOIN LATERAL (SELECT core.performance(e.level, b.level) AS total_return) o
  CROSS JOIN LATERAL (
    -- of the first value only its own record, because its former value belongs to the month before
    SELECT max(CASE WHEN n.date = b.date THEN n.known_at ELSE n.as_of END) AS as_of
    FROM published.fund_quote_history n
    WHERE n.identifier = s.identifier AND n.date BETWEEN b.date AND e.date
  ) h
) r;
-- name: keys
SELECT m.identifier, m.month_end_date FROM core.all_fund_months() m;
-- name: affected
SELECT m.identifier, m.month_end_date, m.run_id FROM core.fund_months_of_runs($1::uuid[]) m
UNION ALL
-- a value belongs to its own month, and may be the last one before the next month
SELECT v.identifier, k.month_end_date, v.run_id
FROM (SELECT DISTINCT o.identifier, o.date, o.run_id FROM core.fund_values_of_runs($1::uuid[]) o) v
CROSS JOIN LATERAL (
  SELECT r.month_end_date FROM materialized_rows r
  WHERE r.identifier = v.identifier AND r.month_end_date >= core.month_start(v.date, 0)
    AND r.month_end_date < core.month_start(v.date, 2)
  OFFSET 0
) k
UNION ALL
-- a new or removed match changes days before and after it
SELECT d.identifier, k.month_end_date, d.run_id
FROM core.distributions_of_runs($1::uuid[]) d
CROSS JOIN LATERAL (
  SELECT r.month_end_date FROM materialized_rows r
  WHERE r.identifier = d.identifier AND r.month_end_date >= core.month_start(d.since, 0) OFFSET 0
) k;
-- name: example
SELECT r.identifier, r.month_end_date, r.total_return, r.vendor_return, r.reason FROM sra.fund_return_reconciliation r
ORDER BY r.is_within, r.month_end_date DESC, r.identifier LIMIT 50;
