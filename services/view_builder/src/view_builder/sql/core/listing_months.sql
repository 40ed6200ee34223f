-- The last closes of the 61 calendar months before a listing's newest close, in today's shares. price is the price alone. value
-- has dividends reinvested if the basis is total_return; it is NULL before a dividend that cannot be placed, and if there is no
-- basis. Both are NULL before from_day, the day on which the listing got its currency.
-- Grain: one row per month. Key: months (0 is the last full one). Sources: core.close_on_or_before, sra.price_adjustment.
-- Units: currency of the listing.
CREATE OR REPLACE FUNCTION core.listing_months(of_symbol text, end_day date, basis text, from_day date)
RETURNS TABLE (months integer, day date, price numeric, value numeric, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT n.months, core.month_end(end_day, n.months), x.price / coalesce(a.split_factor, 1),
  CASE basis
    WHEN 'total_return' THEN x.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END
    WHEN 'price_return' THEN x.price / coalesce(a.split_factor, 1)
  END, x.stored_at
FROM generate_series(0, 60) n (months)
LEFT JOIN LATERAL core.close_on_or_before(of_symbol, core.month_end(end_day, n.months)) x
  ON x.day >= coalesce(from_day, '-infinity')
LEFT JOIN LATERAL core.adjustment_factors(of_symbol, x.day) a ON true
$$;
