-- The month ends for which the given runs stored the vendor's return of a fund.
-- Grain: one row per version of a record. Key: none. Sources: fundata_data (FundPerformanceSummary). Units: days.
CREATE OR REPLACE FUNCTION core.fund_months_of_runs(runs uuid[])
RETURNS TABLE (identifier text, month_end_date date, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.identifier, d.month_end_date, d.run_id
FROM public.fundata_data d
WHERE d.run_id = ANY(runs) AND d.dataset = 'FundPerformanceSummary'
$$;
