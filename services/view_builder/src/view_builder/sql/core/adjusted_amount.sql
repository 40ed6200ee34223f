-- An amount in today's shares, to twelve decimals. An amount that no split follows is not divided.
-- Grain: one value. Key: none. Sources: its arguments. Units: those of the amount.
CREATE OR REPLACE FUNCTION core.adjusted_amount(amount numeric, is_adjusted boolean, factor numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT trim_scale(round(CASE WHEN is_adjusted THEN amount / factor ELSE amount END, 12))
$$;
-- the live view of the listings' series calls it with the reader's rights
GRANT EXECUTE ON FUNCTION core.adjusted_amount(numeric, boolean, numeric) TO public;
