-- The currency of a listing's prices on a day: the present one since it took effect, and before that the currency of the profile
-- that was replaced next.
-- Grain: one row. Key: none. Sources: its arguments, fmp_row_history (equity_profile). Units: none.
CREATE OR REPLACE FUNCTION core.currency_on(of_symbol text, of_day date, present_currency text, present_since date)
RETURNS TABLE (currency text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN present_since IS NULL OR of_day >= present_since THEN present_currency
  ELSE (
    SELECT h.row_values ->> 'currency'
    FROM public.fmp_row_history h
    WHERE h.table_name = 'equity_profile' AND h.symbol = of_symbol AND h.row_values ->> 'currency' IS NOT NULL
      AND (h.known_until AT TIME ZONE 'America/New_York')::date > of_day
    ORDER BY h.known_until LIMIT 1
  )
END
$$;
