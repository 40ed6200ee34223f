-- Every version of every Fundata quote record that a finished run stored.
-- Grain: one row per version, or per element of its lists. Key: dataset, identifier, date, data_version, row_ordinal.
-- Sources: fundata_quotes, task_execution_log. Units: as delivered.
CREATE OR REPLACE VIEW core.fundata_quotes_settled AS
SELECT d.*
FROM public.fundata_quotes d
WHERE d.run_id NOT IN (SELECT l.run_id FROM core.live_runs l);
