-- The FundSERV codes under which the series of funds are sold, with status and load, in one language, English before French.
-- Grain: one row per code and record. Key: security_id, fundserv_code, ordinal. Sources: fundata_data (FundLoads).
-- Units: fraction of the amount.
-- name: rows
SELECT m.security_id, m.identifier, d.fund_serv_code AS fundserv_code,
  row_number() OVER (
    PARTITION BY m.security_id, m.identifier, d.fund_serv_code ORDER BY d.record_id
  ) AS ordinal, d.load_type, d.sales_status,
  core.percent_as_fraction(coalesce(core.read_number(d.raw_json ->> 'MaxPercent'), d.max_percent)) AS max_load,
  d.change_date, d.processed_at AS known_at, d.processed_at AS as_of, d.run_id AS last_run_id
FROM sra.security_master m
JOIN core.fundata_data_latest d ON d.identifier = m.identifier AND d.dataset = 'FundLoads' AND d.row_ordinal = 0
WHERE m.source = 'fundata' AND NOT EXISTS (
    SELECT FROM core.fundata_data_latest o
    WHERE o.identifier = d.identifier AND o.dataset = d.dataset
      AND lower(coalesce(o.language, '')) < lower(coalesce(d.language, ''))
  );
-- name: example
SELECT c.fundserv_code, c.load_type, c.sales_status FROM sra.fund_codes c WHERE c.identifier = '412' ORDER BY c.fundserv_code;
