-- Whether a listing's performance is a total return, which requires that dividends up to its newest close are known; and the
-- basis of its figures (used), NULL if the currency of the dividends is doubtful.
-- Grain: one row. Key: none. Sources: sra.price_adjustment. Units: none.
CREATE OR REPLACE FUNCTION core.return_basis(of_symbol text, of_currency text)
RETURNS TABLE (basis text, as_of timestamptz, used text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN x.has_dividends THEN 'total_return' ELSE 'price_return' END, x.as_of,
  CASE
    WHEN NOT coalesce(x.has_dividends, false) THEN 'price_return'
    WHEN of_currency <> 'doubtful' THEN 'total_return'
  END
FROM (
  SELECT bool_or(a.dividend IS NOT NULL) AS has_dividends, max(a.as_of) AS as_of
  FROM sra.price_adjustment a
  WHERE a.symbol = of_symbol
) x
$$;
