-- The symbols of a security with the days on which each means it. The security is identified by one of its symbols: it has that
-- symbol now, or had it last. No row if no rename or delisting is known. After its last owner, a symbol means no security.
-- Grain: one row per period. Key: symbol, since. Sources: fmp_symbol_period. Units: dates; until is the next owner's first day.
CREATE OR REPLACE FUNCTION core.symbol_periods(of_symbol text) RETURNS TABLE (symbol text, since date, until date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT o.symbol, o.valid_from,
  CASE WHEN EXISTS (SELECT FROM public.fmp_symbol_period l WHERE l.symbol = o.symbol AND l.place > o.place) THEN o.valid_to END
FROM core.newest_period(of_symbol) k
JOIN public.fmp_symbol_period o ON o.owner_symbol = k.owner_symbol AND o.owner_until IS NOT DISTINCT FROM k.owner_until
$$;
