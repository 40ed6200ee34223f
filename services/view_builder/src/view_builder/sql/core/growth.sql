-- end / start - 1 with 40 digits, unrounded; NULL if the start is missing, or is zero at this precision.
-- Grain: one value. Key: none. Sources: its arguments. Units: fraction.
CREATE OR REPLACE FUNCTION core.growth(end_value numeric, start_value numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT core.quotient(end_value, start_value) - 1
$$;
