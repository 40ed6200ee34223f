-- The companies that the vendor names as a company's peers, in the vendor's order.
-- Grain: one row. Key: none. Sources: fmp_peer. Units: none.
CREATE OR REPLACE FUNCTION core.peers(of_symbol text) RETURNS TABLE (symbols jsonb, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(x.peer_symbol ORDER BY x.place, x.peer_symbol), max(x.updated_at)
FROM public.fmp_peer x
WHERE x.symbol = of_symbol AND x.valid_to IS NULL
$$;
