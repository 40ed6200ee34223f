-- Every version of every Fundata quote record, including inactive ones, and what was known and valid at a moment: for each key
-- the greatest version by data_source (API before CSV), change_date (none last), data_version.
-- Grain: one row per version, or per element of its lists. Key: dataset, identifier, date, data_version, row_ordinal.
-- Sources: fundata_quotes, task_execution_log. Units: as delivered.
-- name: rows
SELECT d.*, m.currency AS fund_currency, d.processed_at AS as_of, d.run_id AS last_run_id, m.security_id
FROM core.fundata_quotes_settled d
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = d.identifier;
-- name: as_of
SELECT h.*
FROM sra.fundata_quotes_history h
WHERE h.processed_at <= known_at AND h.date <= valid_on
  -- same condition as core.is_active: the function runs with the rights of its caller, who cannot name core
  AND (h.record_state IS NULL OR lower(h.record_state) IN ('', 'active'))
  AND NOT EXISTS (
    SELECT FROM sra.fundata_quotes_history n
    WHERE n.dataset = h.dataset AND n.identifier = h.identifier AND n.date = h.date
      AND n.processed_at <= known_at AND n.date <= valid_on
      AND ROW(n.data_source = 'API', coalesce(n.change_date, '-infinity'::date), n.data_version)
        > ROW(h.data_source = 'API', coalesce(h.change_date, '-infinity'::date), h.data_version)
  );
-- name: example
SELECT q.date, q.data_version, q.navps, q.as_of FROM sra.fundata_quotes_history q
WHERE q.dataset = 'FundDailyNAVPS' AND q.identifier = '412' ORDER BY q.date DESC, q.data_version LIMIT 30;
