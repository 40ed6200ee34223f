-- A net asset value to measure from: above zero at the digits that returns are computed with.
-- Grain: one value. Key: none. Sources: its argument. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_value(navps numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT round(navps, 40) > 0
$$;
