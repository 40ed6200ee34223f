-- The day since which a listing has its present currency: the day in New York on which its profile replaced the last one in
-- another currency. NULL if no profile had another currency.
-- Grain: one row. Key: none. Sources: fmp_row_history (equity_profile). Units: date.
CREATE OR REPLACE FUNCTION core.currency_since(of_symbol text, of_currency text) RETURNS TABLE (day date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT max((h.known_until AT TIME ZONE 'America/New_York')::date)
FROM public.fmp_row_history h
WHERE h.table_name = 'equity_profile' AND h.symbol = of_symbol AND h.row_values ->> 'currency' <> of_currency
$$;
