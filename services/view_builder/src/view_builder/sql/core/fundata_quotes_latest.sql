-- The latest version of every Fundata quote record that a finished run stored, if it is active.
-- Grain: one row per record, or per element of its lists. Key: dataset, identifier, date, row_ordinal.
-- Sources: fundata_quotes, fundata_quotes_superseded, task_execution_log. Units: as delivered.
CREATE OR REPLACE VIEW core.fundata_quotes_latest AS
SELECT d.*
FROM core.fundata_quotes_settled d
WHERE NOT EXISTS (
    -- superseded by a version of a finished run, or by one of a live run that a finished run has superseded in turn.
    -- OFFSET makes the planner look rows up instead of hashing them, because there is almost never a row to find
    SELECT FROM public.fundata_quotes_superseded x
    WHERE x.identifier = d.identifier AND x.date = d.date AND x.dataset = d.dataset
      AND x.data_version = d.data_version AND (
        x.run_id NOT IN (SELECT l.run_id FROM core.live_runs l)
        OR EXISTS (
          SELECT FROM public.fundata_quotes_superseded y
          WHERE y.identifier = x.identifier AND y.date = x.date AND y.dataset = x.dataset
            AND y.data_version = x.superseded_by AND y.run_id NOT IN (SELECT l.run_id FROM core.live_runs l) OFFSET 0
        )
      )
  )
  AND core.is_active(d.record_state);
