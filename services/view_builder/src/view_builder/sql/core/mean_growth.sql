-- The geometric mean of a number of growth factors less one, from their product.
-- Grain: one value. Key: none. Sources: its arguments. Units: fraction.
CREATE OR REPLACE FUNCTION core.mean_growth(product numeric, factors bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT power(round(product, 40), core.quotient(1, factors)) - 1
$$;
