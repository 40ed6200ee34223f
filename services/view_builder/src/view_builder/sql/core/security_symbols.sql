-- The symbols under which the vendor delivers a listing; former owners of a symbol are separate securities. A symbol is called
-- name from since until before until. symbol is the newest one of a security; ended_on is NULL while a name is in use. If one
-- owner has several ids, the oldest counts, as in core.security_of.
-- Grain: one row per security, name and span. Key: security_id, name, since. Sources: security, core.symbol_spans. Units: dates.
CREATE OR REPLACE VIEW core.security_symbols AS
SELECT x.security_id, n.owner_symbol AS symbol, n.symbol AS name, n.since, n.until, n.ended_on
FROM public.security x
JOIN core.symbol_spans o ON o.symbol = x.identifier AND x.held_on >= o.since AND x.held_on < o.until
JOIN core.symbol_spans n ON n.owner_symbol = o.owner_symbol AND n.owner_until IS NOT DISTINCT FROM o.owner_until
WHERE x.source = 'fmp'
  AND NOT EXISTS (
    SELECT FROM core.symbol_spans q
    JOIN public.security y ON y.identifier = q.symbol AND y.source = 'fmp' AND y.held_on >= q.since AND y.held_on < q.until
    WHERE q.owner_symbol = o.owner_symbol AND q.owner_until IS NOT DISTINCT FROM o.owner_until
      AND (y.assigned_at, y.security_id) < (x.assigned_at, x.security_id)
  )
UNION ALL
SELECT x.security_id, x.identifier, x.identifier, '-infinity', 'infinity', NULL
FROM public.security x
WHERE x.source = 'fmp' AND NOT EXISTS (SELECT FROM public.fmp_symbol_period p WHERE p.symbol = x.identifier);
