-- The FundDistribution records of a fund, from a day on, that its quotes do not repeat. They count in addition to the
-- distributions of the quotes. The matching runs only if a record exists.
-- Grain: one row per distribution. Key: none. Sources: core.fund_payments, core.repeated_payments.
-- Units: currency of the fund per share.
CREATE OR REPLACE FUNCTION core.counted_payments(of_fund text, since date)
RETURNS TABLE (date date, amount numeric, at timestamptz, run uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.date, p.amount, p.at, p.run
FROM core.fund_payments(of_fund) p
WHERE p.date >= since AND p.record_id <> ALL(
    (
      SELECT r.records
      FROM core.distribution_start(of_fund, since) s
      CROSS JOIN LATERAL core.repeated_payments(of_fund, s.day) r
    )::text[]
  )
$$;
