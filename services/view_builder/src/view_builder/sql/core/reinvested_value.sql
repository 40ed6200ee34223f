-- The present value of one share of the former value: today's value with the distribution reinvested, in former shares. A
-- consolidated distribution adds nothing.
-- Grain: one value. Key: none. Sources: its arguments. Units: currency of the fund.
CREATE OR REPLACE FUNCTION core.reinvested_value(navps numeric, distribution numeric, split numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN core.is_consolidated(navps, distribution, split) THEN navps
  ELSE (navps + coalesce(distribution, 0)) * coalesce(split, 1)
END
$$;
