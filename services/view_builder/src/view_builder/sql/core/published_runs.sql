-- The moment at which each run became part of each view.
-- Grain: one row per run and view. Key: run_id, relation. Sources: published_run. Units: moments in UTC.
CREATE OR REPLACE VIEW core.published_runs AS
SELECT p.run_id, p.relation, p.published_at FROM public.published_run p;
