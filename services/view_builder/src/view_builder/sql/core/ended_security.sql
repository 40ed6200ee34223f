-- The security whose id was assigned on a day after its symbol had, as reported later, already ceased to mean it; with its last
-- day under the symbol.
-- Grain: at most one row. Key: none. Sources: security, core.newest_period. Units: date.
CREATE OR REPLACE FUNCTION core.ended_security(of_symbol text)
RETURNS TABLE (security_id text, first_symbol text, held_on date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.security_id, x.first_symbol, p.until - 1
FROM core.newest_period(of_symbol) p
JOIN public.security x ON x.identifier = of_symbol AND x.source = 'fmp' AND x.held_on >= p.until
$$;
