-- The number of weekdays from Monday, 1 January of year 1, to a day. A weekend has the number of its Friday.
-- Grain: one value. Key: none. Sources: its argument. Units: days.
CREATE OR REPLACE FUNCTION core.weekday_number(day date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT (day - date '0001-01-01') / 7 * 5 + least((day - date '0001-01-01') % 7, 4)
$$;
