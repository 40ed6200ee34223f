-- Every version of every distribution of every fund, valid at the vendor from known_at to withdrawn_at. A version whose
-- record_state is not Active withdraws the distribution.
-- Grain: one row per version of a record. Key: security_id, date, ordinal. Sources: fundata_data (FundDistribution),
-- fundata_quotes, fundata_data_superseded, fundata_quotes_superseded. Units: currency of the row per share.
-- name: rows
SELECT m.security_id, m.identifier, r.date,
  row_number() OVER (
    PARTITION BY m.security_id, m.identifier, r.date ORDER BY r.dataset, r.record_id, r.version
  ) AS ordinal, r.dataset, r.version, r.record_state, r.amount, m.currency, r.dividend_income, r.foreign_dividend_income,
  r.capital_gains, r.interest_income, r.return_of_capital, r.payment_date, r.processed_at AS known_at,
  CASE WHEN core.is_active(r.record_state) THEN r.superseded_at ELSE r.processed_at END AS withdrawn_at,
  r.processed_at AS as_of, r.run_id AS last_run_id
FROM sra.security_master m
JOIN core.fund_payment_records r ON r.identifier = m.identifier
WHERE m.source = 'fundata';
-- name: example
SELECT p.date, p.version, p.amount, p.known_at, p.withdrawn_at FROM sra.distributions_history p
WHERE p.identifier = '412' ORDER BY p.date, p.known_at;
