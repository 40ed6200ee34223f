-- The newest assets of a fund and of its series, from raw_json, because the columns are too narrow for large amounts.
-- Grain: at most one row. Key: none. Sources: core.fundata_data_latest (FundAssets). Units: currency of the fund.
CREATE OR REPLACE FUNCTION core.fund_assets(of_fund text)
RETURNS TABLE (date date, fund_assets numeric, series_assets numeric, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.date,
  public.fundata_parse_number(coalesce(d.raw_json ->> 'FundAssetsValue', d.raw_json ->> 'fund_assets_value')),
  public.fundata_parse_number(coalesce(d.raw_json ->> 'SeriesAssetsValue', d.raw_json ->> 'series_assets_value')),
  d.processed_at
FROM core.fundata_data_latest d
WHERE d.identifier = of_fund AND d.dataset = 'FundAssets'
ORDER BY d.date DESC NULLS LAST, d.record_id DESC LIMIT 1
$$;
