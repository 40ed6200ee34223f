-- Whether a listing's total return is known: dividends are, and all that count since the oldest start are placed.
-- Grain: one row. Key: none. Sources: sra.price_adjustment. Units: none.
CREATE OR REPLACE FUNCTION core.return_basis(of_symbol text, end_day date, oldest text)
RETURNS TABLE (basis text, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN coalesce(bool_or(a.dividend IS NOT NULL), false) AND NOT coalesce(
      bool_or(a.total_return_factor IS NULL AND a.date > core.horizon_start(end_day, oldest) - 7), false
    ) THEN 'total_return'
    ELSE 'price_return'
  END, max(a.as_of)
FROM sra.price_adjustment a
WHERE a.symbol = of_symbol
$$;
