-- A count or a rank as an integer; NULL if the number is fractional or too large.
-- Grain: one value. Key: none. Sources: its argument. Units: those of the number.
CREATE OR REPLACE FUNCTION core.whole_number(given numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN given = trunc(given) AND abs(given) < 1000000000000000000 THEN given::bigint END
$$;
