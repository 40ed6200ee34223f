-- A number as the loader reads it. Nearly all numbers are plain digits, which do not need the parser's expensive pattern.
-- Grain: one value. Key: none. Sources: its argument. Units: those of the text.
CREATE OR REPLACE FUNCTION core.parse_number(given text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN length(given) < 100 AND given ~ '^-?[0-9]+([.][0-9]+)?$' THEN given::numeric
  ELSE public.fundata_parse_number(given)
END
$$;
