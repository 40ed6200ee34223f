-- The newest build of the lake, and the moment since which the views are newer; no row if no lake exists.
-- Grain: at most one row. Key: none. Sources: lake_series, lake_build, lake_table, published_view. Units: rows; moments in UTC.
CREATE OR REPLACE VIEW core.lake_state AS
SELECT b.snapshot_at, b.published_at, b.run_id, t.row_count, CASE
    WHEN b.build_id IS NULL THEN s.recorded_since
    ELSE (SELECT min(v.built_at) FROM public.published_view v WHERE v.built_at > b.snapshot_at)
  END AS behind_since
FROM (SELECT min(r.recorded_since) AS recorded_since FROM public.lake_series r) s
LEFT JOIN LATERAL (
  SELECT n.build_id, n.snapshot_at, n.published_at, n.run_id FROM public.lake_build n ORDER BY n.build_id DESC LIMIT 1
) b ON true
LEFT JOIN LATERAL (
  SELECT sum(l.row_count)::bigint AS row_count FROM public.lake_table l WHERE l.build_id = b.build_id
) t ON true
WHERE s.recorded_since IS NOT NULL;
