-- A count or a place as an integer; NULL where the number is no whole one.
-- Grain: one value. Key: none. Sources: its argument. Units: those of the number.
CREATE OR REPLACE FUNCTION core.whole_number(given numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN given = trunc(given) THEN given::bigint END
$$;
