-- The current price: the newest quote, which is more recent than the close of its own day, or the newest close if that is of a
-- later day; with both of them. A close counts if the view that contains it shows it (core.hidden_runs).
-- Grain: one row. Key: none. Sources: core.newest_quote, core.newest_close. Units: currency of the listing, fraction, shares.
CREATE OR REPLACE FUNCTION core.price_now(quoted_symbol text, listed_symbol text, holder text) RETURNS TABLE (
  price numeric, day date, change numeric, price_return_1d numeric, volume numeric, quoted_at timestamptz,
  quoted_name text, quoted_volume numeric, open numeric, day_low numeric, day_high numeric, previous_close numeric,
  year_low numeric, year_high numeric, price_avg50 numeric, price_avg200 numeric, market_cap numeric,
  quote_stored_at timestamptz, close_price numeric, close_day date, close_stored_at timestamptz, quoted_price numeric,
  quoted_day date
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN w.is_close THEN e.price ELSE q.price END, CASE WHEN w.is_close THEN e.day ELSE q.day END,
  CASE WHEN NOT w.is_close THEN q.change END, CASE WHEN NOT w.is_close THEN core.percent_as_fraction(q.change_percentage) END,
  CASE WHEN w.is_close THEN e.volume ELSE q.volume END, q.quoted_at, q.name, q.volume, q.open, q.day_low, q.day_high,
  q.previous_close, q.year_low, q.year_high, q.price_avg50, q.price_avg200, q.market_cap, q.updated_at, e.price, e.day,
  e.stored_at, q.price, q.day
FROM (SELECT 1) one
LEFT JOIN LATERAL core.newest_quote(quoted_symbol) q ON true
LEFT JOIN LATERAL core.newest_close(listed_symbol, holder) e ON true
CROSS JOIN LATERAL (SELECT coalesce(e.day > q.day, q.day IS NULL) AS is_close) w
$$;
