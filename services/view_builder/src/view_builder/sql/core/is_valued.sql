-- Whether the price of a security is set against the statements of its company: only that of a common share or an ADR is, and
-- equity counts as one of them.
-- Grain: one value. Key: none. Sources: its arguments, a type of sra.security_master. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_valued(type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT type IN ('equity', 'common', 'adr')
$$;
