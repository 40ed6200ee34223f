-- The daily series of funds with our own returns, one record for each fund and day. Figures that only the other dataset has for
-- the day are kept. A FundDistribution record also counts unless it repeats a distribution of the quotes. A distribution or split
-- on a day without a value counts with the next value. The computation starts at the last value before the first changed day and
-- continues from its stored factor; a full build starts at the first day of each fund.
-- Grain: one row per fund and day. Key: identifier, date. Sources: fundata_quotes, fundata_data (FundDistribution, FundGeneral).
-- Units: currency of the row; fraction; factors with 40 digits.
-- name: rows
WITH start AS (
  SELECT s.identifier, s.since, p.date AS base, p.adjustment_factor AS base_factor,
    coalesce(p.date, s.since) AS start, m.currency
  FROM affected_keys s
  LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
  LEFT JOIN LATERAL (
    SELECT p.date, p.adjustment_factor FROM materialized_rows p
    WHERE p.identifier = s.identifier AND p.date < s.since AND core.is_value(p.navps) ORDER BY p.date DESC LIMIT 1
  ) p ON true
), records AS MATERIALIZED (
  SELECT r.* FROM chosen_values r
), days AS (
  SELECT DISTINCT ON (identifier, date) identifier, date, dataset, navps, change, price_return AS vendor_price_return_1d,
    coalesce(nullif(paid, 0), lead(paid) OVER of_day, paid) AS paid, coalesce(split, lead(split) OVER of_day) AS split,
    at AS stored_at, run AS stored_run, lead(run) OVER of_day AS other_run,
    CASE
      WHEN nullif(paid, 0) IS NULL AND lead(paid) OVER of_day IS NOT NULL
        OR split IS NULL AND lead(split) OVER of_day IS NOT NULL THEN lead(at) OVER of_day
    END AS other_at
  FROM (
    SELECT *, CASE
        WHEN told_split BETWEEN 1.0 / 1000000 AND 1000000 AND told_split <> 1 THEN told_split
      END AS split
    FROM records
  ) r
  WINDOW of_day AS (PARTITION BY identifier, date ORDER BY navps IS NULL, dataset)
  ORDER BY identifier, date, navps IS NULL, dataset
), payments AS (
  SELECT s.identifier, r.date, sum(r.amount) AS amount, max(r.at) AS at, (array_agg(r.run ORDER BY r.at DESC, r.run))[1] AS run
  FROM start s CROSS JOIN LATERAL (SELECT p.* FROM core.counted_payments(s.identifier, s.start) p OFFSET 0) r
  GROUP BY s.identifier, r.date
), timeline AS (
  SELECT identifier, date, dataset, navps, change, vendor_price_return_1d, split, paid, stored_at, stored_run, is_value,
    greatest(stored_at, other_at, paid_at) AS at,
    CASE greatest(stored_at, other_at, paid_at)
      WHEN stored_at THEN stored_run WHEN other_at THEN other_run ELSE paid_run
    END AS run
  FROM (
    SELECT identifier, date, d.dataset, d.navps, d.change, d.vendor_price_return_1d, d.split, d.stored_at, d.stored_run,
      d.other_at, d.other_run, CASE WHEN p.amount IS NULL THEN d.paid ELSE coalesce(d.paid, 0) + p.amount END AS paid,
      p.at AS paid_at, p.run AS paid_run,
      coalesce(core.is_value(d.navps), false) AS is_value
    FROM days d
    FULL JOIN payments p USING (identifier, date)
  ) t
), running AS (
  -- running totals of payments and splits: a value counts the difference from the totals at the former value, which includes
  -- days without a value in between; such days have the number of the value before them
  SELECT t.*, sum(paid) OVER so_far AS all_paid, count(paid) OVER so_far AS payments,
    published.product(split) FILTER (WHERE split IS NOT NULL) OVER so_far AS all_split,
    count(*) FILTER (WHERE is_value) OVER so_far AS number
  FROM timeline t WINDOW so_far AS (PARTITION BY identifier ORDER BY date ROWS UNBOUNDED PRECEDING)
), between_values AS (
  SELECT identifier, number, max(at) AS at, (array_agg(run ORDER BY at DESC, run))[1] AS run
  FROM running WHERE NOT is_value GROUP BY identifier, number
), linked AS (
  SELECT r.*, lag(date) OVER before AS former_date, lag(navps) OVER before AS former_navps,
    lag(all_paid) OVER before AS former_paid, lag(payments) OVER before AS former_payments,
    lag(all_split) OVER before AS former_split, lag(stored_at) OVER before AS former_at,
    lag(stored_run) OVER before AS former_run
  FROM running r WHERE is_value WINDOW before AS (PARTITION BY identifier ORDER BY date)
), valued AS (
  SELECT l.*, date - former_date <= 7 AS is_near,
    CASE WHEN former_date IS NULL THEN paid WHEN payments > former_payments THEN all_paid - coalesce(former_paid, 0) END
      AS distribution,
    CASE WHEN former_date IS NULL THEN split WHEN all_split <> former_split
        THEN trim_scale(round(all_split, 40) / former_split) END AS split_ratio
  FROM linked l
), grown AS (
  SELECT v.*, s.since, s.currency, published.compound(CASE
      WHEN v.date = s.base THEN s.base_factor
      ELSE v.reached / round(v.navps, 40)
    END) FILTER (WHERE v.date = s.base OR v.distribution <> 0 OR v.split_ratio IS NOT NULL)
      OVER (PARTITION BY v.identifier ORDER BY v.date ROWS UNBOUNDED PRECEDING) AS factor,
    b.at AS between_at, b.run AS between_run,
    -- the newest record behind a row: its own, the former value's, or one of the days between
    greatest(v.at, CASE WHEN v.is_near THEN v.former_at END, b.at) AS as_of
  FROM (SELECT v.*, core.reinvested_value(v.navps, v.distribution, v.split_ratio) AS reached FROM valued v) v
  JOIN start s ON s.identifier = v.identifier
  LEFT JOIN between_values b ON b.identifier = v.identifier AND b.number = v.number - 1 AND v.number > 1
)
SELECT g.identifier, g.date, g.dataset, g.navps, g.currency, g.change, g.vendor_price_return_1d,
  CASE WHEN g.is_near THEN g.former_date END AS previous_date, CASE WHEN g.is_near THEN g.former_navps END AS previous_navps,
  trim_scale(g.distribution) AS distribution, g.split_ratio,
  CASE WHEN g.is_near THEN core.performance(g.navps, g.former_navps) END AS price_return_1d,
  CASE WHEN g.is_near THEN core.performance(g.reached, g.former_navps) END AS return_1d,
  trim_scale(g.factor) AS adjustment_factor, g.as_of,
  CASE g.as_of WHEN g.at THEN g.run WHEN g.between_at THEN g.between_run ELSE g.former_run END AS last_run_id,
  g.stored_at AS known_at
FROM grown g
WHERE g.date >= g.since
UNION ALL
SELECT z.identifier, z.date, z.dataset, z.navps, s.currency, z.change, z.vendor_price_return_1d, NULL, NULL, NULL, NULL, NULL,
  NULL, trim_scale(coalesce(g.factor, 1)), z.at, z.run, z.stored_at
FROM running z
JOIN start s ON s.identifier = z.identifier
LEFT JOIN grown g ON g.identifier = z.identifier AND g.number = z.number
WHERE NOT z.is_value AND z.navps IS NOT NULL AND z.date >= s.since;
-- name: chosen_values
-- OFFSET 0 forces a look-up by fund: the cost of a day must not depend on the length of the history
SELECT v.*
FROM start s, LATERAL (
    SELECT r.* FROM core.fund_values() r WHERE r.identifier = s.identifier AND r.date >= s.start OFFSET 0
  ) v;
-- name: chosen_values_full
SELECT r.* FROM core.fund_values() r;
-- name: keys
SELECT f.identifier FROM core.funds_with_values() f;
-- name: affected
SELECT v.identifier, min(v.date) AS since, v.run_id
FROM core.fund_values_of_runs($1::uuid[]) v
GROUP BY v.identifier, v.run_id
UNION ALL
SELECT d.identifier, d.since, d.run_id FROM core.distributions_of_runs($1::uuid[]) d
UNION ALL
-- a series whose currency differs from that of its fund is recomputed from its first day
SELECT c.identifier, '-infinity'::date, c.run_id
FROM core.fund_records_of_runs($1::uuid[], ARRAY['FundGeneral']) c
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = c.identifier
CROSS JOIN LATERAL (
  SELECT k.currency FROM materialized_rows k WHERE k.identifier = c.identifier ORDER BY k.date DESC LIMIT 1
) k
WHERE k.currency IS DISTINCT FROM m.currency;
-- name: next_keys
-- step from one fund to the next by the index, instead of reading all records of each
WITH RECURSIVE walk AS (
  SELECT n.identifier FROM core.next_fund($1::text) n
  UNION ALL
  SELECT (SELECT n.identifier FROM core.next_fund(w.identifier) n) FROM walk w WHERE w.identifier IS NOT NULL
)
SELECT w.identifier FROM walk w WHERE w.identifier IS NOT NULL LIMIT $2::int;
-- name: read
SELECT b.*, trim_scale(round(b.navps * (b.adjustment_factor / round(n.adjustment_factor, 40)), 10)) AS adjusted_navps,
  'fundata:' || b.identifier AS security_id
FROM materialized_rows b
LEFT JOIN LATERAL (
  SELECT n.adjustment_factor FROM published.fund_quote_history n
  WHERE n.identifier = b.identifier ORDER BY n.date DESC LIMIT 1
) n ON true;
-- name: example
SELECT h.date, h.navps, h.return_1d FROM sra.fund_quote_history h WHERE h.identifier = '412' ORDER BY h.date DESC LIMIT 250;
