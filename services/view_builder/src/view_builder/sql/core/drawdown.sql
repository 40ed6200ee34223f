-- A drawdown that the vendor delivers in percent, as a fraction: zero or below, whichever sign the vendor uses.
-- Grain: one value. Key: none. Sources: its argument. Units: fraction.
CREATE OR REPLACE FUNCTION core.drawdown(percent numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT -abs(core.percent_as_fraction(percent))
$$;
