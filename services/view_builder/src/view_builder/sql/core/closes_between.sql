-- The closes above zero of a listing between two days, under each of its symbols, unordered. Callers check whether one is stored.
-- Grain: one row per symbol and session. Key: symbol, day. Sources: fmp_eod_price, fmp_symbol_alias, fmp_symbol_period,
-- task_execution_log, published_view, published_run. Units: currency of the listing, as delivered.
CREATE OR REPLACE FUNCTION core.closes_between(of_symbol text, from_day date, until_day date)
RETURNS TABLE (symbol text, day date, price numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.symbol, p.date, p.close
FROM core.listing_names(of_symbol) n
JOIN core.shown_prices('price_adjustment') p ON core.is_of_name(p.symbol, p.date, n.name, n.since, n.until)
WHERE p.close > 0 AND p.date >= from_day AND p.date <= until_day
$$;
