-- The number of regular payments a year for a frequency of the vendor; NULL if it is missing or unknown.
-- Grain: one value. Key: none. Sources: its argument, of fmp_dividend. Units: payments a year.
CREATE OR REPLACE FUNCTION core.payments_a_year(frequency text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE lower(btrim(frequency))
  WHEN 'monthly' THEN 12
  WHEN 'quarterly' THEN 4
  WHEN 'semi-annual' THEN 2
  WHEN 'annual' THEN 1
END
$$;
