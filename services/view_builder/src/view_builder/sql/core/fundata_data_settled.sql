-- Every version of every Fundata data record that a finished run stored.
-- Grain: one row per version, or per element of its lists. Key: dataset, identifier, record_id, data_version, row_ordinal.
-- Sources: fundata_data, task_execution_log. Units: as delivered.
CREATE OR REPLACE VIEW core.fundata_data_settled AS
SELECT d.*
FROM public.fundata_data d
WHERE d.run_id NOT IN (SELECT l.run_id FROM core.live_runs l);
