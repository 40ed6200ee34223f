-- The days since and until when a symbol means its present or last security. No row if no rename or delisting is known.
-- Grain: at most one row. Key: none. Sources: fmp_symbol_period. Units: dates; until is the first day on which it did not.
CREATE OR REPLACE FUNCTION core.newest_period(of_symbol text)
RETURNS TABLE (owner_symbol text, owner_until date, since date, taken_on date, until date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.owner_symbol, p.owner_until, p.valid_from, p.taken_on, p.valid_to
FROM public.fmp_symbol_period p
WHERE p.symbol = of_symbol
ORDER BY p.place DESC LIMIT 1
$$;
