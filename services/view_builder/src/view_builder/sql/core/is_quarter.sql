-- Whether a number of days between two period ends is a quarter: 12 to 17 weeks, or three months.
-- Grain: one value. Key: none. Sources: its argument. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_quarter(days integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT days BETWEEN 75 AND 125
$$;
