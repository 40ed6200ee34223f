-- The symbols that may have splits or dividends, their own or those of a former symbol.
-- Grain: one row per symbol. Key: symbol. Sources: fmp_split, fmp_dividend, fmp_symbol_alias. Units: none.
CREATE OR REPLACE FUNCTION core.symbols_with_events() RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT s.symbol FROM public.fmp_split s
UNION
SELECT d.symbol FROM public.fmp_dividend d
UNION
SELECT a.symbol FROM public.fmp_symbol_alias a
$$;
