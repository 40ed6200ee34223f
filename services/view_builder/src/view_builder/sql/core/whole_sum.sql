-- The sum of four quarters; NULL where one of them lacks the figure.
-- Grain: one value. Key: none. Sources: its arguments. Units: those of the figure.
CREATE OR REPLACE FUNCTION core.whole_sum(quarters bigint, total numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN quarters = 4 THEN total END
$$;
