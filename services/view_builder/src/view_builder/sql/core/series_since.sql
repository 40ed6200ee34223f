-- The day from which what the vendor computes from a listing's prices is of this security and of one currency: since the former
-- owner of one of its symbols, and since the currency changed. NULL where neither happened.
-- Grain: one row. Key: none. Sources: core.symbol_periods. Units: date.
CREATE OR REPLACE FUNCTION core.series_since(of_symbol text, currency_since date) RETURNS TABLE (day date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT greatest(max(o.since), currency_since) FROM core.symbol_periods(of_symbol) o
$$;
