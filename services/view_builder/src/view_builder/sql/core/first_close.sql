-- The first close above zero of a listing between two days. If the vendor delivers a day under two symbols, the present symbol
-- counts.
-- Grain: at most one row. Key: none. Sources: fmp_eod_price, fmp_symbol_alias, fmp_symbol_period, task_execution_log,
-- published_view, published_run. Units: currency of the listing, as delivered.
CREATE OR REPLACE FUNCTION core.first_close(of_symbol text, from_day date, until_day date)
RETURNS TABLE (price numeric, day date, volume numeric, stored_at timestamptz, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.price, c.day, c.volume, c.stored_at, c.run_id
FROM core.listing_names(of_symbol) n
CROSS JOIN LATERAL (
  SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
  FROM core.shown_prices('price_adjustment') p
  WHERE core.is_of_name(p.symbol, p.date, n.name, n.since, n.until) AND p.close > 0
    AND p.date >= from_day AND p.date <= until_day
  ORDER BY p.date ASC LIMIT 1
) c
ORDER BY c.day ASC, n.until DESC NULLS FIRST LIMIT 1
$$;
