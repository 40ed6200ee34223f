-- A dividend counts where it is current and above zero; a million millions per share are none.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_dividend. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_dividend(valid_to timestamptz, dividend numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT valid_to IS NULL AND dividend > 0 AND dividend < 1e12
$$;
