-- The latest version of every Fundata quote record that is active.
-- Grain: one row per record, or per element of its lists. Key: dataset, identifier, date, data_version, row_ordinal.
-- Sources: fundata_quotes, fundata_quotes_superseded, task_execution_log. Units: as delivered.
-- name: rows
SELECT d.*, m.currency AS fund_currency, d.processed_at AS as_of, d.run_id AS last_run_id, m.security_id
FROM core.fundata_quotes_latest d
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = d.identifier;
-- name: example
SELECT q.date, q.navps FROM sra.fundata_quotes q
WHERE q.dataset = 'FundDailyNAVPS' AND q.identifier = '412' ORDER BY q.date DESC LIMIT 30;
