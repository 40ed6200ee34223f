-- Whether a security type is one of a company, which sra.equity_metrics shows.
-- Grain: one value. Key: none. Sources: its arguments, a type of sra.security_master. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_equity(type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT type IN ('equity', 'common', 'adr', 'preferred', 'warrant', 'right', 'unit', 'note')
$$;
