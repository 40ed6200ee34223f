-- The performance between two prices in the same shares, annualised by 365.25 days over their actual distance if the horizon is
-- longer than a year.
-- Grain: one value. Key: none. Sources: its arguments. Units: fraction, beyond a year fraction a year.
CREATE OR REPLACE FUNCTION core.horizon_performance(
  horizon text, end_price numeric, end_day date, start_price numeric, start_day date
) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN horizon IN ('3y', '5y', '10y')
    THEN core.annualised_performance(end_price, start_price, end_day - start_day)
  ELSE core.performance(end_price, start_price)
END
$$;
