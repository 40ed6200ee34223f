-- What archived runs stored and rejected, by dataset, and their first success. Former releases archived only the month of a run.
-- Such a run counts at the end of the following month, because a run that is due in one month may end in the next.
-- Grain: one row per source and dataset. Key: source, dataset. Sources: ledger_archive. Units: records; moments in UTC.
CREATE OR REPLACE VIEW core.dataset_archive AS
SELECT a.source, a.dataset, sum(a.stored_count)::bigint AS stored, sum(a.rejected_count)::bigint AS rejected,
  min(coalesce(a.first_success_at, CASE
      WHEN a.stored_count > 0 THEN (a.month + interval '2 months') AT TIME ZONE 'UTC'
    END)) AS first_success_at
FROM public.ledger_archive a
WHERE a.dataset <> ''
GROUP BY a.source, a.dataset;
