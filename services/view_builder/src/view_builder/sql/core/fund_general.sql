-- The vendor's description of a fund, preferably from its English record, with its fee and minimum investments.
-- Grain: at most one row. Key: none. Sources: core.fundata_data_latest (FundGeneral).
-- Units: management_fee is a fraction a year; currency of the fund.
CREATE OR REPLACE FUNCTION core.fund_general(of_fund text) RETURNS TABLE (
  cifsc_type text, series_name text, objective text, instrument_type text, strategy text, properties text,
  distribution_frequency text, legal_status text, management_type text, share_class text, fixed_distribution text,
  high_net_worth text, document_type text, management_fee numeric, min_investment numeric, sub_investment numeric,
  processed_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.cifsc_type, d.series_name, d.objective, d.instrument_type, d.strategy, d.properties, d.distribution_frequency,
  d.legal_status, d.management_type, d.share_class, d.fixed_distribution, d.high_net_worth, d.document_type,
  core.percent_as_fraction(core.exact(d.management_fee, d.raw_json, 'ManagementFee', 'management_fee')),
  core.exact(d.min_investment, d.raw_json, 'MinInvestment', 'min_investment'),
  core.exact(d.sub_investment, d.raw_json, 'SubInvestment', 'sub_investment'), d.processed_at
FROM core.fundata_data_latest d
WHERE d.identifier = of_fund AND d.dataset = 'FundGeneral'
ORDER BY core.is_english(d.language) DESC, d.change_date DESC NULLS LAST, d.record_id LIMIT 1
$$;
