-- The FundDistribution records of a fund with all delivered digits: the total, and the parts in the order of
-- quoted_distributions.
-- Grain: one row per distribution. Key: record_id. Sources: core.fundata_data_latest (FundDistribution).
-- Units: currency of the fund per share.
CREATE OR REPLACE FUNCTION core.fund_payments(of_fund text) RETURNS TABLE (
  record_id text, date date, amount numeric, parts numeric[], at timestamptz, run uuid
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.record_id, d.date, core.exact(d.total_distribution, d.raw_json, 'TotalDistribution', 'total_distribution'), ARRAY[
  core.exact(d.dividend_income, d.raw_json, 'DividendIncome', 'dividend_income'),
  core.exact(d.foreign_dividend_income, d.raw_json, 'ForeignDividendIncome', 'foreign_dividend_income'),
  core.exact(d.capital_gains, d.raw_json, 'CapitalGains', 'capital_gains'),
  core.exact(d.interest_income, d.raw_json, 'InterestIncome', 'interest_income'),
  core.exact(d.return_of_principle, d.raw_json, 'ReturnOfPrinciple', 'return_of_principle')
], d.processed_at, d.run_id
FROM core.fundata_data_latest d
WHERE d.identifier = of_fund AND d.dataset = 'FundDistribution' AND d.row_ordinal = 0
$$;
