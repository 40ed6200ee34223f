-- A quotient like core.ratio; NULL also if the divisor is a loss, because the ratio is then meaningless.
-- Grain: one value. Key: none. Sources: its arguments. Units: ratio or fraction.
CREATE OR REPLACE FUNCTION core.ratio_by_gain(above numeric, below numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT core.ratio(above, CASE WHEN below > 0 THEN below END)
$$;
