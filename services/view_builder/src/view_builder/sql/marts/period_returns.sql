-- The return of every security over each calendar month and year: from the last price of the period before to the last price of
-- the period, or from the first price of a series that began in it.
-- Grain: one row per security, kind of period and end. Key: security_id, return_period, return_period_end.
-- Sources: sra.total_return_history. Units: fraction.
-- Without origins: return_period.
-- name: rows
SELECT r.security_id, r.identifier, r.type, r.return_period, r.return_period_end, r.start_date AS return_start_date,
  r.date AS return_end_date, r.currency,
  round(r.adjusted_price / nullif(round(r.start_price, 40), 0) - 1, 6) AS period_price_return,
  round(r.total_return_index / nullif(round(r.start_index, 40), 0) - 1, 6) AS period_total_return,
  r.former_date IS NULL OR r.former_date < r.former_end - 7 OR r.date < r.return_period_end - 7
    OR r.return_period_end >= (now() AT TIME ZONE 'America/New_York')::date AS is_partial,
  r.as_of, r.last_run_id
FROM (
  SELECT e.*, lag(e.date) OVER before AS former_date, lag(e.return_period_end) OVER before AS former_end,
    CASE
      WHEN lag(e.date) OVER before IS NULL THEN e.first_date
      WHEN lag(e.currency) OVER before = e.currency THEN lag(e.date) OVER before
    END AS start_date,
    CASE
      WHEN lag(e.date) OVER before IS NULL THEN e.first_price
      WHEN lag(e.currency) OVER before = e.currency THEN lag(e.adjusted_price) OVER before
    END AS start_price,
    CASE
      WHEN lag(e.date) OVER before IS NULL THEN e.first_index
      WHEN lag(e.currency) OVER before = e.currency THEN lag(e.total_return_index) OVER before
    END AS start_index
  FROM (
    SELECT DISTINCT ON (d.security_id, d.identifier, d.return_period, d.return_period_end) d.*,
      first_value(d.date) OVER of_period AS first_date, first_value(d.adjusted_price) OVER of_period AS first_price,
      first_value(d.total_return_index) OVER of_period AS first_index
    FROM (
      SELECT t.*, k.return_period,
        (date_trunc(k.return_period, t.date::timestamp) + k.length)::date - 1 AS return_period_end
      FROM sra.total_return_history t
      CROSS JOIN (VALUES ('month', interval '1 month'), ('year', interval '1 year')) k (return_period, length)
      WHERE t.unadjusted_price > 0
    ) d
    WINDOW of_period AS (
      PARTITION BY d.security_id, d.identifier, d.return_period, d.return_period_end ORDER BY d.date
    )
    ORDER BY d.security_id, d.identifier, d.return_period, d.return_period_end, d.date DESC
  ) e
  WINDOW before AS (PARTITION BY e.security_id, e.identifier, e.return_period ORDER BY e.return_period_end)
) r;
-- name: example
SELECT p.return_period_end, p.period_total_return, p.is_partial FROM sra.period_returns p
WHERE p.return_period = 'year'
  AND p.security_id = (SELECT m.security_id FROM sra.security_master m WHERE m.source = 'fmp' AND m.identifier = 'AAPL')
ORDER BY p.return_period_end;
