-- A count or a place as an integer; NULL where the number is no whole one, or too large for one.
-- Grain: one value. Key: none. Sources: its argument. Units: those of the number.
CREATE OR REPLACE FUNCTION core.whole_number(given numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN given = trunc(given) AND abs(given) < 1000000000000000000 THEN given::bigint END
$$;
