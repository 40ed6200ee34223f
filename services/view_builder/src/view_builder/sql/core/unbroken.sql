-- A figure over a number of days up to end_day if its series, which began on first_day, is that long; NULL if it is not. A series
-- without a first_day is always long enough.
-- Grain: one value. Key: none. Sources: its arguments. Units: as the figure.
CREATE OR REPLACE FUNCTION core.unbroken(figure numeric, days integer, end_day date, first_day date) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN first_day IS NULL OR first_day <= end_day - days THEN figure END
$$;
