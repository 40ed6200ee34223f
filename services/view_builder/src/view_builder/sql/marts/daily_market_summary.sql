-- The number of funds with a value on a day, the mean and median value, and the numbers of rising and falling funds, by currency.
-- A fund that ended or merged, or whose currency the vendor does not deliver, is under XXX, ISO 4217's code for no currency.
-- Grain: one row per day and currency. Key: date, currency. Sources: fundata_quotes, fundata_data. Units: currency of the row.
-- Without origins: total_symbols.
-- name: rows
SELECT p.date, p.currency, count(*) AS total_symbols, round(avg(p.navps), 6) AS avg_navps,
  -- the value in the middle and, of an even number, the one after it
  round((
    (percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY p.navps))[1]
    + (percentile_disc(ARRAY[0.5, 0.500000001]) WITHIN GROUP (ORDER BY p.navps))[2]
  ) / 2, 6) AS median_navps,
  count(*) FILTER (WHERE p.direction > 0) AS advancers, count(*) FILTER (WHERE p.direction < 0) AS decliners,
  max(p.known_at) AS as_of
FROM (
  SELECT h.date, coalesce(m.currency, 'XXX') AS currency, h.navps, h.known_at,
    sign(coalesce(nullif(h.change, 0), h.vendor_price_return_1d)) AS direction
  FROM affected_keys s
  JOIN published.fund_quote_history h ON h.date = s.date
  LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = h.identifier AND m.is_active
) p
GROUP BY p.date, p.currency;
-- name: keys
SELECT h.date FROM published.fund_quote_history h;
-- name: affected
SELECT DISTINCT v.date, v.run_id FROM core.fund_values_of_runs($1::uuid[]) v
UNION ALL
-- a fund whose currency changed counts in another row of each day
SELECT DISTINCT h.date, c.run_id
FROM core.funds_of_other_currency($1::uuid[]) c
JOIN published.fund_quote_history h ON h.identifier = c.identifier;
-- name: example
SELECT d.date, d.currency, d.total_symbols, d.advancers, d.decliners FROM sra.daily_market_summary d
ORDER BY d.date DESC, d.currency LIMIT 20;
