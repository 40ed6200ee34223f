-- The performance of a listing over the given horizons, up to its newest close. return_* has the given basis and is NULL without
-- one; price_return_* is of the price alone. A total return over a dividend that cannot be placed is NULL, and so is every figure
-- that starts before from_day, the day on which the listing got its currency.
-- Grain: one row. Key: none. Sources: core.return_start. Units: fraction, beyond a year fraction a year.
CREATE OR REPLACE FUNCTION core.listing_returns(
  of_symbol text, end_price numeric, end_day date, basis text, horizons text[], from_day date
)
RETURNS TABLE (
  return_1w numeric, return_1m numeric, return_3m numeric, return_6m numeric,
  return_ytd numeric, return_1y numeric, return_3y numeric, return_5y numeric,
  return_10y numeric, price_return_1w numeric, price_return_1m numeric, price_return_3m numeric,
  price_return_6m numeric, price_return_ytd numeric, price_return_1y numeric, price_return_3y numeric,
  price_return_5y numeric, price_return_10y numeric, stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT max(r.performance) FILTER (WHERE r.horizon = '1w'), max(r.performance) FILTER (WHERE r.horizon = '1m'),
  max(r.performance) FILTER (WHERE r.horizon = '3m'), max(r.performance) FILTER (WHERE r.horizon = '6m'),
  max(r.performance) FILTER (WHERE r.horizon = 'ytd'), max(r.performance) FILTER (WHERE r.horizon = '1y'),
  max(r.performance) FILTER (WHERE r.horizon = '3y'), max(r.performance) FILTER (WHERE r.horizon = '5y'),
  max(r.performance) FILTER (WHERE r.horizon = '10y'), max(r.price_return) FILTER (WHERE r.horizon = '1w'),
  max(r.price_return) FILTER (WHERE r.horizon = '1m'), max(r.price_return) FILTER (WHERE r.horizon = '3m'),
  max(r.price_return) FILTER (WHERE r.horizon = '6m'), max(r.price_return) FILTER (WHERE r.horizon = 'ytd'),
  max(r.price_return) FILTER (WHERE r.horizon = '1y'), max(r.price_return) FILTER (WHERE r.horizon = '3y'),
  max(r.price_return) FILTER (WHERE r.horizon = '5y'), max(r.price_return) FILTER (WHERE r.horizon = '10y'),
  max(r.stored_at)
FROM (
  SELECT h.horizon, p.stored_at,
    core.horizon_performance(h.horizon, end_price, end_day, p.price, p.day) AS price_return,
    core.horizon_performance(
      h.horizon, end_price, end_day, CASE basis WHEN 'total_return' THEN p.total WHEN 'price_return' THEN p.price END, p.day
    ) AS performance
  FROM unnest(horizons) h (horizon)
  CROSS JOIN LATERAL core.return_start(of_symbol, core.horizon_start(end_day, h.horizon)) p
  WHERE p.day >= coalesce(from_day, '-infinity')
) r
$$;
