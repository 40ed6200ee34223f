-- The newest record of a dataset for a fund, by month_end_date.
-- Grain: at most one row. Key: none. Sources: core.fundata_data_latest. Units: as delivered.
CREATE OR REPLACE FUNCTION core.newest_fund_record(of_fund text, of_dataset text) RETURNS SETOF public.fundata_data
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.*
FROM core.fundata_data_latest d
WHERE d.identifier = of_fund AND d.dataset = of_dataset
ORDER BY d.month_end_date DESC NULLS LAST, d.record_id DESC LIMIT 1
$$;
