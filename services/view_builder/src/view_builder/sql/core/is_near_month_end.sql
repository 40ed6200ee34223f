-- Whether a day is one of the last of its month, so that its value can measure the month.
-- Grain: one value. Key: none. Sources: its argument. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_near_month_end(day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT day >= (date_trunc('month', day::timestamp) + interval '1 month')::date - 1 - 7
$$;
