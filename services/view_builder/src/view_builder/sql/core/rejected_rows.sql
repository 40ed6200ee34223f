-- The rejected rows, without their bytes and without the person who dismissed them.
-- Grain: one row per reject. Key: reject_id. Sources: rejected_record. Units: moments in UTC.
CREATE OR REPLACE VIEW core.rejected_rows AS
SELECT r.reject_id, r.source, r.dataset, r.record_key, r.file_path, r.line, r.reason, r.detail, r.delivered_on, r.created_at,
  r.last_seen_at, r.seen_count, r.resolved_at, r.resolution, r.dismissed_at, r.dismissal, r.run_id, r.resolved_by,
  r.last_run_id
FROM public.rejected_record r;
