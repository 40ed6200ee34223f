-- A factor with 40 digits, and never zero: prices are divided by it.
-- Grain: one value. Key: none. Sources: its argument. Units: factor.
CREATE OR REPLACE FUNCTION core.rounded_factor(factor numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT greatest(round(factor, 40), 1e-40)
$$;
