-- Yields of US treasuries; no row if the vendor left the tenor out.
-- Grain: one row per day and tenor. Key: date, tenor. Sources: fmp_treasury_rate. Units: fraction a year.
-- Without origins: tenor, tenor_months, currency.
-- name: rows
SELECT r.date, r.tenor, r.tenor_months, r.yield, 'USD' AS currency, r.updated_at AS as_of, r.run_id AS last_run_id
FROM core.treasury_rates r;
-- name: example
SELECT t.tenor, t.yield FROM sra.treasury_curve t
WHERE t.date = (SELECT max(x.date) FROM sra.treasury_curve x) ORDER BY t.tenor_months;
