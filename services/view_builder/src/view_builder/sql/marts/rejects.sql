-- The delivered rows that are not stored, with the reason but without their bytes. A reject without resolved_at and dismissed_at
-- is open.
-- Grain: one row per reject. Key: reject_id. Sources: rejected_record. Units: moments in UTC.
-- name: rows
SELECT r.reject_id, r.source, r.dataset, r.record_key, r.file_path, r.line, r.reason AS reject_reason, r.detail AS reject_detail,
  r.delivered_on AS delivered_at, r.created_at AS known_at, r.last_seen_at, r.seen_count, r.resolved_at, r.resolution,
  r.dismissed_at, r.dismissal, r.run_id AS first_run_id,
  greatest(r.last_seen_at, r.resolved_at, r.dismissed_at) AS as_of,
  coalesce(r.resolved_by, r.last_run_id, r.run_id) AS last_run_id
FROM core.rejected_rows r;
-- name: example
SELECT r.dataset, r.reject_reason, count(*) AS rows_rejected FROM sra.rejects r
WHERE r.resolved_at IS NULL AND r.dismissed_at IS NULL
GROUP BY r.dataset, r.reject_reason ORDER BY rows_rejected DESC;
