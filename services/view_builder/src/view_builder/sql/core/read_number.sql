-- The number in a text, with all its digits, or NULL if the text is not a number. Never raises an error.
-- Grain: one value. Key: none. Sources: its argument. Units: those of the text.
CREATE OR REPLACE FUNCTION core.read_number(given text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN length(given) < 100 AND given ~ '^ *-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,2})? *$' THEN given::numeric END
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.read_number(text) TO public;
