-- Whether a record is in English, in either spelling of the vendor; false if it has no language.
-- Grain: one value. Key: none. Sources: its argument, language of fundata_data. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_english(language text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(lower(language) LIKE 'en%', false)
$$;
