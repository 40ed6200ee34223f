-- A text in lower case without accents, for searches.
-- Grain: one value. Key: none. Sources: its argument. Units: none.
CREATE OR REPLACE FUNCTION core.folded_text(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT lower(regexp_replace(pg_catalog.normalize(given, 'NFKD'), '[\u0300-\u036f]', '', 'g'))
$$;
