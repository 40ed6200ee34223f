-- Whether the price of a security is compared with the statements of its company. This holds for common shares (type equity) and
-- ADRs only.
-- Grain: one value. Key: none. Sources: its arguments, a type of sra.security_master. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_valued(type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT type IN ('equity', 'common', 'adr')
$$;
