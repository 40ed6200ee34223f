-- The expected datasets, each with its calendar: due `delay` after a session's close, late if more than `allowed` sessions are
-- missing.
-- Grain: one row per source and dataset. Key: source, dataset. Sources: expected_dataset. Units: interval; sessions.
CREATE OR REPLACE VIEW core.expected_datasets AS
SELECT x.source, x.dataset, x.cadence, x.exchange, x.by_records, x.delay_seconds * interval '1 second' AS delay,
  x.allowed_sessions AS allowed, x.created_at AS expected_since
FROM public.expected_dataset x;
