-- The currencies whose exchange rates the given runs wrote, with the first and the last day.
-- Grain: one row per currency and run. Key: currency, run_id. Sources: fmp_exchange_rate. Units: days.
CREATE OR REPLACE FUNCTION core.rates_of_runs(runs uuid[])
RETURNS TABLE (currency text, first_day date, last_day date, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT substr(r.pair, 4), min(r.date), max(r.date), r.run_id
FROM public.fmp_exchange_rate r
WHERE r.run_id = ANY(runs) AND r.pair LIKE 'USD%'
GROUP BY r.pair, r.run_id
$$;
