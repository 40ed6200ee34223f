-- The newest day among the records that each finished Fundata run stored, by dataset, for data_freshness. It is stored by run, so
-- that no build reads all records of a dataset.
-- Grain: one row per run and dataset. Key: task_id, dataset. Sources: fundata_data, fundata_quotes, run_unit,
-- task_execution_log. Units: dates.
-- name: rows
SELECT s.task_id, s.dataset, n.newest_record, n.stored_at AS as_of
FROM affected_keys s
CROSS JOIN LATERAL core.newest_of_run(s.task_id, s.dataset) n;
-- name: keys
SELECT u.task_id, u.dataset FROM core.fundata_units u;
-- name: affected
SELECT u.task_id, u.dataset, u.task_id AS run_id FROM core.fundata_units u WHERE u.task_id = ANY($1::uuid[]);
-- name: example
SELECT c.dataset, max(c.newest_record) AS newest_record FROM sra.run_contents c GROUP BY c.dataset ORDER BY c.dataset;
