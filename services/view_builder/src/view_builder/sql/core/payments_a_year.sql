-- The regular payments a year that the vendor's frequency means; NULL where it is missing or another word.
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
