-- Every dividend that the vendor has ever listed, from known_at to withdrawn_at, including withdrawn and replaced ones.
-- Grain: one row per state of a payment. Key: security_id, ex_date, ordinal. Sources: fmp_dividend, fmp_symbol_period, security.
-- Units: currency of the row per share of the ex-date; fraction.
-- name: rows
SELECT d.security_id, d.symbol, d.date AS ex_date,
  row_number() OVER (PARTITION BY d.security_id, d.symbol, d.date ORDER BY d.valid_from, d.row_id) AS ordinal,
  d.dividend AS amount, m.currency, d.adj_dividend AS vendor_adjusted_amount,
  core.percent_as_fraction(d.dividend_yield) AS vendor_payment_yield, d.frequency, core.is_special(d.frequency) AS is_special,
  d.declaration_date, d.record_date, d.payment_date, d.delivered_symbol, d.valid_from AS known_at,
  d.valid_to AS withdrawn_at, d.updated_at AS as_of, d.run_id AS last_run_id
FROM core.dividend_events d
LEFT JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = d.symbol;
-- name: example
SELECT d.ex_date, d.amount, d.known_at, d.withdrawn_at FROM sra.dividends_history d
WHERE d.symbol = 'AAPL' ORDER BY d.ex_date, d.known_at;
