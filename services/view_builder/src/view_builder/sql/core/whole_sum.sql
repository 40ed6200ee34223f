-- The sum of the parts of a period; NULL if one of them lacks the figure.
-- Grain: one value. Key: none. Sources: its arguments. Units: those of the figure.
CREATE OR REPLACE FUNCTION core.whole_sum(known_parts bigint, total numeric, all_parts integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN known_parts = all_parts THEN total END
$$;
