-- Whether a security type is a fund that trades on an exchange, which sra.etf_page shows.
-- Grain: one value. Key: none. Sources: its arguments, a type of sra.security_master. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_listed_fund(type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT type IN ('etf', 'closed_end_fund')
$$;
