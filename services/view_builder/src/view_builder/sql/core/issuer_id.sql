-- The id of an issuer: its key at the SEC, else its name and country; NULL if one of these is missing.
-- Grain: one value. Key: none. Sources: its arguments. Units: none.
CREATE OR REPLACE FUNCTION core.issuer_id(cik text, name text, country text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce('cik:' || nullif(ltrim(cik, '0'), ''), 'name:' || core.normal_name(name) || ':' || upper(country))
$$;
