-- Every distribution of every fund with its parts, from FundDistribution and from the quotes, which may repeat it.
-- Grain: one row per record. Key: security_id, date, ordinal. Sources: fundata_data (FundDistribution), fundata_quotes.
-- Units: currency of the row per share.
-- name: rows
SELECT m.security_id, m.identifier, r.date,
  row_number() OVER (PARTITION BY m.security_id, m.identifier, r.date ORDER BY r.dataset, r.record_id) AS ordinal, r.dataset,
  r.amount, m.currency, r.dividend_income, r.foreign_dividend_income, r.capital_gains, r.interest_income,
  r.return_of_capital, r.payment_date, r.processed_at AS known_at, r.processed_at AS as_of, r.run_id AS last_run_id
FROM sra.security_master m
JOIN core.fund_payment_records r ON r.identifier = m.identifier
WHERE m.source = 'fundata' AND r.superseded_at IS NULL AND core.is_active(r.record_state);
-- name: example
SELECT p.date, p.amount, p.dividend_income, p.capital_gains, p.return_of_capital FROM sra.distributions p
WHERE p.identifier = '412' AND p.dataset = 'FundDistribution' ORDER BY p.date DESC LIMIT 24;
