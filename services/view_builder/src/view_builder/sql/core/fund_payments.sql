-- The distributions of funds with all delivered digits.
-- Grain: one row per distribution. Key: identifier, record. Sources: core.fundata_data_latest (FundDistribution).
-- Units: currency of the fund per share.
CREATE OR REPLACE FUNCTION core.fund_payments()
RETURNS TABLE (identifier text, date date, amount numeric, at timestamptz, run uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.identifier, d.date, core.exact(d.total_distribution, d.raw_json, 'TotalDistribution', 'total_distribution'),
  d.processed_at, d.run_id
FROM core.fundata_data_latest d
WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0
$$;
