-- Whether a record is in French; false if it has no language.
-- Grain: one value. Key: none. Sources: its argument, language of fundata_data. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_french(language text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(lower(language) LIKE 'fr%', false)
$$;
