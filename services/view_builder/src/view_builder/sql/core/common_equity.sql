-- Stockholders' equity of the common shares: without preferred stock, and without minority interests if it includes them. It
-- includes them if it is nearer to total equity (assets less liabilities) than it would be with them added. If that is unknown,
-- it counts as including them.
-- Grain: one value. Key: none. Sources: its arguments, of fmp_balance_sheet. Units: reported_currency.
CREATE OR REPLACE FUNCTION core.common_equity(equity numeric, preferred numeric, minority numeric, total_equity numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT equity - coalesce(preferred, 0) - CASE
    WHEN abs(equity - total_equity) > abs(equity + minority - total_equity) THEN 0 ELSE coalesce(minority, 0)
  END
$$;
