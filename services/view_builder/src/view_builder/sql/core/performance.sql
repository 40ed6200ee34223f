-- P(end) / P(start) - 1, computed with 40 digits and rounded half up to six decimals.
-- Grain: one value. Key: none. Sources: its arguments. Units: fraction.
CREATE OR REPLACE FUNCTION core.performance(end_price numeric, start_price numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT round(core.growth(end_price, start_price), 6)
$$;
