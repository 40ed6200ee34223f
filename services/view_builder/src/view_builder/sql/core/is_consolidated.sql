-- Whether a distribution was reinvested and its new shares consolidated, so that nobody was paid: the split of the same quote
-- undoes the reinvestment. Its ratio is between 1 - distribution / NAVPS and 1 / (1 + distribution / NAVPS), within 0.0001.
-- Grain: one value. Key: none. Sources: its arguments. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_consolidated(navps numeric, distribution numeric, split numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT distribution > 0 AND split < 1 AND split * navps >= navps - distribution - navps * 0.0001
  AND split * (navps + distribution) <= navps + (navps + distribution) * 0.0001
$$;
