-- The newest quote of a symbol with a price. Its day is the one in New York, the time zone of all five exchanges.
-- Grain: at most one row. Key: none. Sources: fmp_quote. Units: currency of the listing, percent, shares.
CREATE OR REPLACE FUNCTION core.newest_quote(of_symbol text) RETURNS TABLE (
  day date, quoted_at timestamptz, name text, price numeric, change numeric, change_percentage numeric, volume numeric,
  day_low numeric, day_high numeric, year_low numeric, year_high numeric, market_cap numeric, price_avg50 numeric,
  price_avg200 numeric, open numeric, previous_close numeric, updated_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT (q.quoted_at AT TIME ZONE 'America/New_York')::date, q.quoted_at, q.name, q.price, q.change, q.change_percentage,
  q.volume, q.day_low, q.day_high, q.year_low, q.year_high, q.market_cap, q.price_avg50, q.price_avg200, q.open,
  q.previous_close, q.updated_at
FROM public.fmp_quote q
WHERE q.symbol = of_symbol AND q.price IS NOT NULL
ORDER BY q.quoted_at DESC LIMIT 1
$$;
