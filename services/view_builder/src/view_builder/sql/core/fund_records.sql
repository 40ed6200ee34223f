-- The records of a dataset for a fund in the first language that it is delivered in, English before French. Of a record that
-- contains a list, its first element.
-- Grain: one row per record. Key: record_id. Sources: core.fundata_data_latest. Units: as delivered.
CREATE OR REPLACE FUNCTION core.fund_records(of_fund text, of_dataset text) RETURNS SETOF public.fundata_data
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.*
FROM core.fundata_data_latest d
WHERE d.identifier = of_fund AND d.dataset = of_dataset AND d.row_ordinal = 0
  AND lower(coalesce(d.language, '')) = (
    SELECT min(lower(coalesce(o.language, '')))
    FROM core.fundata_data_latest o
    WHERE o.identifier = of_fund AND o.dataset = of_dataset
  )
$$;
