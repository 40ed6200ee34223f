-- Whether a split counts: it is current, and its ratio is between a millionth and a million.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_split. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_split(valid_to timestamptz, numerator numeric, denominator numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT valid_to IS NULL AND denominator > 0
  AND numerator BETWEEN denominator / 1000000 AND denominator * 1000000
$$;
