-- The newest build of every published view, and the error of a later build that failed.
-- Grain: one row per view. Key: relation. Sources: published_view. Units: rows; moments in UTC.
CREATE OR REPLACE VIEW core.published_views AS
SELECT v.relation, v.newest_at, v.built_at, v.build_id, v.row_count, v.failed_at, v.error FROM public.published_view v;
