-- Whether a dividend counts: it is current, above zero, and below a million millions per share.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_dividend. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_dividend(valid_to timestamptz, dividend numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT valid_to IS NULL AND dividend > 0 AND dividend < 1e12
$$;
