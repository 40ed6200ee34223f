-- The place in a category of a hundred: 100 x rank / funds, rounded half up to two decimals.
-- Grain: one value. Key: none. Sources: its arguments. Units: place of a hundred; 1 is best.
CREATE OR REPLACE FUNCTION core.percentile(ranking numeric, funds numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT round(core.quotient(100 * ranking, funds), 2)
$$;
