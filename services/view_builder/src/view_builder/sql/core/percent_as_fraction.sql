-- A percentage as a fraction: the same digits, moved by two places. A product of decimals is exact; a quotient may not be.
-- Grain: one value. Key: none. Sources: its argument. Units: fraction.
CREATE OR REPLACE FUNCTION core.percent_as_fraction(percent numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT trim_scale(percent * 0.01)
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.percent_as_fraction(numeric) TO public;
