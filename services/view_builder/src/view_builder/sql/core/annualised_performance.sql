-- (P(end) / P(start)) ^ (365.25 / days) - 1, rounded like core.performance; days is the actual distance between the two prices.
-- Grain: one value. Key: none. Sources: its arguments. Units: fraction a year.
CREATE OR REPLACE FUNCTION core.annualised_performance(end_price numeric, start_price numeric, days integer)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT round(power(core.quotient(end_price, start_price), core.quotient(365.25, days)) - 1, 6)
$$;
