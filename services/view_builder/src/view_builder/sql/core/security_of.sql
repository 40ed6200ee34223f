-- The id of the security that a symbol means now, or meant last: the oldest of the ids that were assigned on a day on which one
-- of its symbols meant it. There are several if a rename was reported after its new symbol had got an id.
-- Grain: at most one row. Key: none. Sources: security, core.symbol_periods. Units: none.
CREATE OR REPLACE FUNCTION core.security_of(of_symbol text) RETURNS TABLE (security_id text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.security_id
FROM (
  SELECT o.symbol, o.since, o.until FROM core.symbol_periods(of_symbol) o
  UNION ALL
  SELECT of_symbol, NULL, NULL WHERE NOT EXISTS (SELECT FROM public.fmp_symbol_period p WHERE p.symbol = of_symbol)
) n
JOIN public.security x ON x.identifier = n.symbol AND x.source = 'fmp'
  AND x.held_on >= coalesce(n.since, '-infinity') AND x.held_on < coalesce(n.until, 'infinity')
ORDER BY x.assigned_at, x.security_id LIMIT 1
$$;
