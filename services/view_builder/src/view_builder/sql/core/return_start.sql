-- The start of a listing's horizon: its day, and its close in today's shares, without reinvested dividends (price) and with them
-- (total, NULL if one of them cannot be placed).
-- Grain: at most one row. Key: none. Sources: core.close_on_or_before, sra.price_adjustment. Units: currency of the listing.
CREATE OR REPLACE FUNCTION core.return_start(of_symbol text, target date)
RETURNS TABLE (day date, price numeric, total numeric, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.day, p.price / coalesce(a.split_factor, 1),
  p.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END, p.stored_at
FROM core.close_on_or_before(of_symbol, target) p
LEFT JOIN LATERAL core.adjustment_factors(of_symbol, p.day) a ON true
$$;
