-- What archived runs stored and rejected, by dataset.
-- Grain: one row per source and dataset. Key: source, dataset. Sources: ledger_archive. Units: records.
CREATE OR REPLACE VIEW core.dataset_archive AS
SELECT a.source, a.dataset, sum(a.stored_count)::bigint AS stored, sum(a.rejected_count)::bigint AS rejected
FROM public.ledger_archive a
WHERE a.dataset <> ''
GROUP BY a.source, a.dataset;
