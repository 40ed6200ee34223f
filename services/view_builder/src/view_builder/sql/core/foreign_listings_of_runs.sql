-- The listings whose currency_basis the given runs may have changed through another listing of their issuer: its events, names,
-- issuer or currency.
-- Grain: one row per listing and cause. Key: none. Sources: core.events_of_runs, core.names_of_runs, core.masters_of_runs,
-- core.foreign_listings. Units: none.
CREATE OR REPLACE FUNCTION core.foreign_listings_of_runs(runs uuid[]) RETURNS TABLE (symbol text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT o.symbol, c.run_id
FROM (
  SELECT e.symbol, e.run_id FROM core.events_of_runs(runs) e
  UNION
  SELECT n.symbol, n.run_id FROM core.names_of_runs(runs) n
  UNION
  SELECT m.symbol, m.run_id FROM core.masters_of_runs(runs) m
) c
CROSS JOIN LATERAL core.foreign_listings(c.symbol) o
$$;
