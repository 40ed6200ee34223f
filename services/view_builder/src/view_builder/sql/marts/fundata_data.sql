-- The latest version of every Fundata data record that is active.
-- Grain: one row per record, or per element of its lists. Key: dataset, identifier, record_id, data_version, row_ordinal.
-- Sources: fundata_data, fundata_data_superseded, task_execution_log. Units: as delivered.
-- name: rows
SELECT d.*, m.currency AS fund_currency, d.processed_at AS as_of, d.run_id AS last_run_id, m.security_id
FROM core.fundata_data_latest d
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = d.identifier;
-- name: example
SELECT d.identifier, d.legal_name, d.cifsc_type FROM sra.fundata_data d
WHERE d.dataset = 'FundGeneral' ORDER BY d.identifier LIMIT 20;
