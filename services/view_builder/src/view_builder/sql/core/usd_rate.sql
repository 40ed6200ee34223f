-- Units of a currency for one US dollar: the last rate on or before a day, at most 7 days old. A currency code for hundredths has
-- no rate.
-- Grain: at most one row. Key: none. Sources: fmp_exchange_rate. Units: exchange rate; day NULL for the dollar itself.
CREATE OR REPLACE FUNCTION core.usd_rate(of_currency text, of_day date)
RETURNS TABLE (rate numeric, day date, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT 1::numeric, NULL::date, NULL::timestamptz WHERE of_currency = 'USD'
UNION ALL
(
  SELECT r.close, r.date, r.updated_at
  FROM public.fmp_exchange_rate r
  WHERE r.pair = 'USD' || of_currency AND r.date BETWEEN of_day - 7 AND of_day AND r.close > 0
  ORDER BY r.date DESC LIMIT 1
)
$$;
