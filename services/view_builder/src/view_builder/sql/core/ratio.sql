-- A quotient as published, rounded half up to six decimals; NULL if the divisor is zero.
-- Grain: one value. Key: none. Sources: its arguments. Units: ratio or fraction.
CREATE OR REPLACE FUNCTION core.ratio(above numeric, below numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT round(core.quotient(above, below), 6)
$$;
