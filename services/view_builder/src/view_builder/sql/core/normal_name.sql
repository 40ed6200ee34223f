-- A name without case, spaces and punctuation; NULL if nothing is left.
-- Grain: one value. Key: none. Sources: its arguments. Units: none.
CREATE OR REPLACE FUNCTION core.normal_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT nullif(regexp_replace(lower(name), '[[:space:][:punct:]]+', '', 'g'), '')
$$;
