-- The last close above zero of a listing in the view that contains it (core.hidden_runs). If the vendor delivers a day under two
-- symbols, the present symbol counts.
-- Grain: at most one row. Key: none. Sources: fmp_eod_price, fmp_symbol_alias, fmp_symbol_period, task_execution_log,
-- published_view, published_run. Units: currency of the listing, as delivered.
CREATE OR REPLACE FUNCTION core.newest_close(of_symbol text, holder text)
RETURNS TABLE (price numeric, day date, volume numeric, stored_at timestamptz, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.price, c.day, c.volume, c.stored_at, c.run_id
FROM core.listing_names(of_symbol) n
CROSS JOIN LATERAL (
  SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
  FROM core.shown_prices(holder) p
  WHERE core.is_of_name(p.symbol, p.date, n.name, n.since, n.until) AND p.close > 0
  ORDER BY p.date DESC LIMIT 1
) c
ORDER BY c.day DESC, n.until DESC NULLS FIRST LIMIT 1
$$;
