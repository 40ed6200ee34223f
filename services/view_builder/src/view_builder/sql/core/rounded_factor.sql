-- A factor with 40 digits that is never zero, because prices are divided by it.
-- Grain: one value. Key: none. Sources: its argument. Units: factor.
CREATE OR REPLACE FUNCTION core.rounded_factor(factor numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT greatest(round(factor, 40), 1e-40)
$$;
