-- The codes by which a fund is found, in addition to its InstrumentKey: its other identifiers, and the FundSERV codes of its
-- series.
-- Grain: one row per code. Key: none. Sources: core.fundata_data_latest (InstrumentIdentifier, FundLoads). Units: none.
CREATE OR REPLACE FUNCTION core.fund_codes_of(of_fund text) RETURNS TABLE (code text, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE d.dataset WHEN 'FundLoads' THEN d.fund_serv_code ELSE d.identifier_value END, d.processed_at
FROM core.fundata_data_latest d
WHERE d.identifier = of_fund AND d.dataset IN ('InstrumentIdentifier', 'FundLoads') AND d.row_ordinal = 0
$$;
