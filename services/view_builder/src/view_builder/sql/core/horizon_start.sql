-- The first day of a performance that ends on end_day: n calendar months earlier (the last day of the month if it is shorter),
-- one or seven days earlier, or the last day of the former quarter or year.
-- Grain: one value. Key: none. Sources: its arguments. Units: date.
CREATE OR REPLACE FUNCTION core.horizon_start(end_day date, horizon text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE horizon
  WHEN '1d' THEN end_day - 1
  WHEN '1w' THEN end_day - 7
  WHEN '1m' THEN (end_day - interval '1 month')::date
  WHEN '3m' THEN (end_day - interval '3 months')::date
  WHEN '6m' THEN (end_day - interval '6 months')::date
  WHEN 'qtd' THEN date_trunc('quarter', end_day::timestamp)::date - 1
  WHEN 'ytd' THEN date_trunc('year', end_day::timestamp)::date - 1
  WHEN '1y' THEN (end_day - interval '12 months')::date
  WHEN '3y' THEN (end_day - interval '36 months')::date
  WHEN '5y' THEN (end_day - interval '60 months')::date
  WHEN '10y' THEN (end_day - interval '120 months')::date
END
$$;
