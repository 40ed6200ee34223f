-- The listings for which the given runs wrote a quote within a year after a split, because a quote reflects a split before a
-- close does. A year covers a listing without closes whose quotes paused over the split.
-- Grain: one row per listing and run. Key: none. Sources: fmp_quote, fmp_split, fmp_symbol_alias. Units: none.
CREATE OR REPLACE FUNCTION core.split_quotes_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT q.symbol, q.run_id
FROM (
  SELECT x.symbol, x.run_id, max(x.quoted_at)::date AS last_day
  FROM public.fmp_quote x
  WHERE x.run_id = ANY(runs)
  GROUP BY x.symbol, x.run_id
) q
CROSS JOIN LATERAL (
  SELECT q.symbol AS name
  UNION ALL
  SELECT a.former_symbol FROM public.fmp_symbol_alias a WHERE a.symbol = q.symbol
) n
WHERE EXISTS (
    SELECT FROM public.fmp_split s
    WHERE s.symbol = n.name AND s.date BETWEEN q.last_day - 366 AND q.last_day + 1
  )
$$;
