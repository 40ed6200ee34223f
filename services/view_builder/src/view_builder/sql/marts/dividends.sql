-- Every dividend of every listing that the vendor lists now, including announced ones. A day may have several payments, one row
-- each. If the vendor delivers a day under two symbols of a security, the payments under the newest symbol count.
-- Grain: one row per payment. Key: security_id, ex_date, ordinal. Sources: fmp_dividend, fmp_symbol_period, security.
-- Units: currency of the row per share of the ex-date; fraction.
-- name: rows
SELECT r.security_id, r.symbol, r.date AS ex_date, r.ordinal, r.dividend AS amount, m.currency,
  r.adj_dividend AS vendor_adjusted_amount, core.percent_as_fraction(r.dividend_yield) AS vendor_payment_yield, r.frequency,
  core.is_special(r.frequency) AS is_special, r.declaration_date, r.record_date, r.payment_date, r.delivered_symbol,
  r.valid_from AS known_at, r.updated_at AS as_of, r.run_id AS last_run_id
FROM (
  SELECT d.*, rank() OVER (PARTITION BY d.security_id, d.symbol, d.date ORDER BY d.ended_on DESC NULLS FIRST) AS name_rank,
    row_number() OVER (
      PARTITION BY d.security_id, d.symbol, d.date
      ORDER BY d.ended_on DESC NULLS FIRST, d.dividend DESC NULLS LAST, d.row_id
    ) AS ordinal
  FROM core.dividend_events d
  WHERE d.valid_to IS NULL
) r
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = r.symbol
WHERE r.name_rank = 1;
-- name: example
SELECT d.ex_date, d.payment_date, d.amount, d.currency FROM sra.dividends d
WHERE d.symbol = 'AAPL' ORDER BY d.ex_date DESC LIMIT 12;
