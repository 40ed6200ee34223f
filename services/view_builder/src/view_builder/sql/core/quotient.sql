-- A quotient with at least 40 digits, of numbers of any size; NULL if the divisor is zero at this precision.
-- Grain: one value. Key: none. Sources: its arguments. Units: unit of the dividend / unit of the divisor.
CREATE OR REPLACE FUNCTION core.quotient(above numeric, below numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT above / nullif(round(below, 40), 0)
$$;
