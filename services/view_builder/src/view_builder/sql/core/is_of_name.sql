-- Whether a row of a symbol and day belongs to a name of core.listing_names.
-- Grain: one value. Key: none. Sources: its arguments. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_of_name(symbol text, day date, name text, since date, until date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT symbol = name AND (since IS NULL OR day >= since) AND (until IS NULL OR day < until)
$$;
