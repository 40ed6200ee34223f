-- Whether returns can be measured from a net asset value: it is above zero at the precision of returns.
-- Grain: one value. Key: none. Sources: its argument. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_value(navps numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT round(navps, 40) > 0
$$;
