-- The newest 24 distributions of a fund with their parts.
-- Grain: one row. Key: none. Sources: core.fundata_data_latest (FundDistribution). Units: currency of the fund per share.
CREATE OR REPLACE FUNCTION core.fund_distributions(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(x.item ORDER BY x.date DESC, x.record_id), max(x.processed_at)
FROM (
  SELECT d.date, d.record_id, d.processed_at, jsonb_build_object(
      'date', d.date,
      'total', core.exact(d.total_distribution, d.raw_json, 'TotalDistribution', 'total_distribution'),
      'dividend_income', core.exact(d.dividend_income, d.raw_json, 'DividendIncome', 'dividend_income'),
      'foreign_dividend_income',
      core.exact(d.foreign_dividend_income, d.raw_json, 'ForeignDividendIncome', 'foreign_dividend_income'),
      'capital_gains', core.exact(d.capital_gains, d.raw_json, 'CapitalGains', 'capital_gains'),
      'interest_income', core.exact(d.interest_income, d.raw_json, 'InterestIncome', 'interest_income'),
      'return_of_capital', core.exact(d.return_of_principle, d.raw_json, 'ReturnOfPrinciple', 'return_of_principle')
    ) AS item
  FROM core.fundata_data_latest d
  WHERE d.identifier = of_fund AND d.dataset = 'FundDistribution' AND d.row_ordinal = 0
  ORDER BY d.date DESC NULLS LAST, d.record_id LIMIT 24
) x
$$;
