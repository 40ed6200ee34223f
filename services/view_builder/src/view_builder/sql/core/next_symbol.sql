-- The next symbol with prices, its own or those of a former symbol.
-- Grain: one row. Key: none. Sources: fmp_eod_price, fmp_symbol_alias. Units: none.
CREATE OR REPLACE FUNCTION core.next_symbol(after_symbol text) RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT least(
  (SELECT min(p.symbol) FROM public.fmp_eod_price p WHERE p.symbol > after_symbol),
  (SELECT min(f.symbol) FROM public.fmp_symbol_alias f WHERE f.symbol > after_symbol)
)
$$;
