-- How the series of a fund is sold, and its loads.
-- Grain: one row. Key: none. Sources: core.fund_records (FundLoads). Units: fraction.
CREATE OR REPLACE FUNCTION core.fund_loads(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'fund_serv_code', d.fund_serv_code, 'sales_status', d.sales_status, 'load_type', d.load_type,
    'max_load', core.percent_as_fraction(core.exact(d.max_percent, d.raw_json, 'MaxPercent', 'max_percent'))
  ) ORDER BY d.fund_serv_code, d.record_id), max(d.processed_at)
FROM core.fund_records(of_fund, 'FundLoads') d
$$;
