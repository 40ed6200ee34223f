-- The days from which and until which each symbol meant its owners. After its last owner, a symbol means no security.
-- Grain: one row per symbol and owner. Key: symbol, place. Sources: fmp_symbol_period. Units: dates; until is the next owner's
-- first day.
CREATE OR REPLACE VIEW core.symbol_spans AS
SELECT p.symbol, p.place, coalesce(p.valid_from, '-infinity') AS since,
  CASE
    WHEN EXISTS (SELECT FROM public.fmp_symbol_period l WHERE l.symbol = p.symbol AND l.place > p.place) THEN p.valid_to
    ELSE 'infinity'
  END AS until, p.valid_to AS ended_on, p.owner_symbol, p.owner_until
FROM public.fmp_symbol_period p;
