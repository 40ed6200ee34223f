-- The benchmark index of listings in a currency; NULL for other currencies.
-- Grain: one value. Key: none. Sources: its argument. Units: symbol.
CREATE OR REPLACE FUNCTION core.benchmark_index(currency text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE currency WHEN 'USD' THEN '^GSPC' WHEN 'CAD' THEN '^GSPTSE' END
$$;
