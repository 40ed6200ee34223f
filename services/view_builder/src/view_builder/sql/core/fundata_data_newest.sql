-- The latest version of every Fundata data record that a finished run stored, active or not.
-- Grain: one row per record, or per element of its lists. Key: dataset, identifier, record_id, row_ordinal.
-- Sources: fundata_data, fundata_data_superseded, task_execution_log. Units: as delivered.
CREATE OR REPLACE VIEW core.fundata_data_newest AS
SELECT d.*
FROM core.fundata_data_settled d
WHERE NOT EXISTS (
    -- superseded by a version of a finished run, or by one of a live run that a finished run has superseded in turn.
    -- OFFSET makes the planner look rows up instead of hashing them, because there is almost never a row to find
    SELECT FROM public.fundata_data_superseded x
    WHERE x.identifier = d.identifier AND x.record_id = d.record_id AND x.dataset = d.dataset
      AND x.data_version = d.data_version AND (
        x.run_id NOT IN (SELECT l.run_id FROM core.live_runs l)
        OR EXISTS (
          SELECT FROM public.fundata_data_superseded y
          WHERE y.identifier = x.identifier AND y.record_id = x.record_id AND y.dataset = x.dataset
            AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT l.run_id FROM core.live_runs l) OFFSET 0
        )
      )
  );
