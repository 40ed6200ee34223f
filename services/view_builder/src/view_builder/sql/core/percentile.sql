-- The rank in a category scaled to 100: 100 x rank / funds, rounded up.
-- Grain: one value. Key: none. Sources: its arguments. Units: place of a hundred; 1 is best.
CREATE OR REPLACE FUNCTION core.percentile(ranking numeric, funds numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT ceil(core.quotient(100 * core.whole_number(ranking), core.whole_number(funds)))::bigint
$$;
