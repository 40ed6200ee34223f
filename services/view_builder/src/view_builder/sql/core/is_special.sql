-- Whether a payment is special, by the vendor's frequency; its size has no influence.
-- Grain: one value. Key: none. Sources: its argument, of fmp_dividend. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_special(frequency text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(lower(btrim(frequency)) = 'special', false)
$$;
-- live views call it with the reader's rights
GRANT EXECUTE ON FUNCTION core.is_special(text) TO public;
