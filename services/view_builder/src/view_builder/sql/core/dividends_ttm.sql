-- The dividends per share of the twelve months up to the price's day, in shares of that day, where those known reach back
-- that far. Of a split since the newest close, on the day of a quote, the factors know nothing yet.
-- Grain: one row. Key: none. Sources: core.dividends, core.share_count. Units: currency of the listing.
CREATE OR REPLACE FUNCTION core.dividends_ttm(of_symbol text, close_day date, price_day date)
RETURNS TABLE (total numeric, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN min(d.date) <= price_day - interval '12 months' THEN trim_scale(round(coalesce(
      sum(d.dividend / (SELECT c.shares FROM core.share_count(of_symbol, d.date, close_day, price_day) c))
        FILTER (WHERE d.date > price_day - interval '12 months'), 0
    ), 10))
  END, max(d.updated_at)
FROM core.dividends(of_symbol, price_day) d
$$;
