-- Whether two days are at most five sessions apart. Here a session is a weekday, because the exchange calendars do not reach back
-- as far as the quotes of funds. A day of a weekend counts as the Friday before it.
-- Grain: one value. Key: none. Sources: its arguments. Units: boolean.
CREATE OR REPLACE FUNCTION core.are_close_days(a date, b date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT abs(core.weekday_number(a) - core.weekday_number(b)) <= 5
$$;
