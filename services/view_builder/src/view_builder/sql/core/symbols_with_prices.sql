-- The symbols with prices, their own or those of a former symbol.
-- Grain: one row per symbol. Key: symbol. Sources: fmp_eod_price, fmp_symbol_alias. Units: none.
CREATE OR REPLACE FUNCTION core.symbols_with_prices() RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.symbol FROM public.fmp_eod_price p
UNION
SELECT a.symbol FROM public.fmp_symbol_alias a
$$;
