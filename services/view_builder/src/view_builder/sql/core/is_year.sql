-- Whether a number of days between two period ends is a year of 52 or 53 weeks or of twelve months.
-- Grain: one value. Key: none. Sources: its argument. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_year(days integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT days BETWEEN 350 AND 380
$$;
