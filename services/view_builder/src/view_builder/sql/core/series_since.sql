-- The day since which figures that the vendor computes from a listing's prices are of this security and of one currency: after
-- the former owner of one of its symbols, and after a change of the currency. NULL if neither happened.
-- Grain: one row. Key: none. Sources: core.symbol_periods. Units: date.
CREATE OR REPLACE FUNCTION core.series_since(of_symbol text, currency_since date) RETURNS TABLE (day date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT greatest(max(o.since), currency_since) FROM core.symbol_periods(of_symbol) o
$$;
