-- Every version of every Fundata data record, including inactive ones, and what was known and valid at a moment: for each key the
-- greatest version by data_source (API before CSV), change_date (none last), data_version.
-- Grain: one row per version, or per element of its lists. Key: dataset, identifier, record_id, data_version, row_ordinal.
-- Sources: fundata_data, task_execution_log. Units: as delivered.
-- name: rows
SELECT d.*, m.currency AS fund_currency, d.processed_at AS as_of, d.run_id AS last_run_id, m.security_id
FROM core.fundata_data_settled d
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = d.identifier;
-- name: as_of
SELECT h.*
FROM sra.fundata_data_history h
WHERE h.processed_at <= known_at AND (h.change_date IS NULL OR h.change_date <= valid_on)
  -- same condition as core.is_active: the function runs with the rights of its caller, who cannot name core
  AND (h.record_state IS NULL OR lower(h.record_state) IN ('', 'active'))
  AND NOT EXISTS (
    SELECT FROM sra.fundata_data_history n
    WHERE n.dataset = h.dataset AND n.identifier = h.identifier AND n.record_id = h.record_id
      AND n.processed_at <= known_at AND (n.change_date IS NULL OR n.change_date <= valid_on)
      AND ROW(n.data_source = 'API', coalesce(n.change_date, '-infinity'::date), n.data_version)
        > ROW(h.data_source = 'API', coalesce(h.change_date, '-infinity'::date), h.data_version)
  );
-- name: example
SELECT d.data_version, d.change_date, d.record_state, d.legal_name FROM sra.fundata_data_history d
WHERE d.dataset = 'FundGeneral' AND d.identifier = '412' ORDER BY d.data_version;
