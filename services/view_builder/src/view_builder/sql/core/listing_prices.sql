-- The prices of a listing from a day on, as the view that contains them shows them (core.hidden_runs). For each session, the
-- present symbol counts from the day on which it means this security, or else the symbol of that day.
-- Grain: one row per session. Key: date. Sources: core.shown_prices, fmp_symbol_alias, fmp_symbol_period.
-- Units: currency of the listing, as delivered.
CREATE OR REPLACE FUNCTION core.listing_prices(of_symbol text, from_day date, holder text)
RETURNS SETOF public.fmp_eod_price
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT q.*
FROM (
  SELECT p.*
  FROM core.shown_prices(holder) p
  WHERE p.symbol = of_symbol AND p.date >= from_day
    AND p.date >= coalesce((SELECT o.since FROM core.owner_since(of_symbol) o), '-infinity')
  UNION ALL
  SELECT p.*
  FROM public.fmp_symbol_alias f
  JOIN core.shown_prices(holder) p ON p.symbol = f.former_symbol AND p.date < f.valid_to
    AND (f.valid_from IS NULL OR p.date >= f.valid_from)
  WHERE f.symbol = of_symbol AND p.date >= from_day AND NOT EXISTS (
      SELECT FROM public.fmp_eod_price o
      WHERE o.symbol = f.symbol AND o.date = p.date
        AND o.date >= coalesce((SELECT w.since FROM core.owner_since(of_symbol) w), '-infinity')
    )
) q
OFFSET 0
$$;
