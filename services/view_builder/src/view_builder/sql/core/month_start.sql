-- The first day of the calendar month that is the given number of months after that of a day.
-- Grain: one value. Key: none. Sources: its arguments. Units: date.
CREATE OR REPLACE FUNCTION core.month_start(of_day date, months integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT (date_trunc('month', of_day::timestamp) + months * interval '1 month')::date
$$;
