-- A number as the loader reads it. Plain digits, which nearly all are, avoid the costly pattern of the parser.
-- Grain: one value. Key: none. Sources: its argument. Units: those of the text.
CREATE OR REPLACE FUNCTION core.parse_number(told text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN length(told) < 100 AND told ~ '^-?[0-9]+([.][0-9]+)?$' THEN told::numeric
  ELSE public.fundata_parse_number(told)
END
$$;
