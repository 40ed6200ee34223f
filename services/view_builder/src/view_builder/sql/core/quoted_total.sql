-- The distribution in a quote record, with all delivered digits; NULL if there is none.
-- Grain: one value. Key: none. Sources: its arguments, of fundata_quotes. Units: currency of the fund per share.
CREATE OR REPLACE FUNCTION core.quoted_total(stored numeric, raw jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN stored IS NOT NULL THEN coalesce(core.parse_number(coalesce(
    raw ->> 'DailyTotalDistribution', raw ->> 'TotalDistribution', raw ->> 'total_distribution'
  )), stored)
END
$$;
