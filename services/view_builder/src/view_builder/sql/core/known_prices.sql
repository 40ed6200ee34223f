-- The prices of a listing from one day to another, under each of its present and former symbols, as stored at a moment: the
-- present rows, or those that were replaced since. The names are those known now.
-- Grain: one row per symbol and session. Key: symbol, date. Sources: fmp_eod_price, fmp_row_history, fmp_symbol_alias,
-- fmp_symbol_period. Units: currency of the listing, as delivered.
CREATE OR REPLACE FUNCTION core.known_prices(of_symbol text, from_day date, until_day date, moment timestamptz)
RETURNS TABLE (
  symbol text, date date, open numeric, high numeric, low numeric, close numeric, volume numeric, stored_at timestamptz,
  until date
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.symbol, p.date, p.open, p.high, p.low, p.close, p.volume, p.updated_at, n.until
FROM core.listing_names(of_symbol) n
CROSS JOIN LATERAL (
  SELECT x.symbol, x.date, x.open, x.high, x.low, x.close, x.volume, x.updated_at
  FROM public.fmp_eod_price x
  WHERE core.is_of_name(x.symbol, x.date, n.name, n.since, n.until) AND x.date >= from_day AND x.date <= until_day
    AND x.updated_at <= moment
  UNION ALL
  SELECT h.symbol, k.date, r.open, r.high, r.low, r.close, r.volume, h.known_from
  FROM public.fmp_row_history h
  CROSS JOIN LATERAL jsonb_to_record(h.key) k (date date)
  CROSS JOIN LATERAL jsonb_to_record(h.row_values) r (
    open numeric, high numeric, low numeric, close numeric, volume numeric
  )
  WHERE h.table_name = 'fmp_eod_price' AND h.known_from <= moment AND h.known_until > moment
    AND core.is_of_name(h.symbol, k.date, n.name, n.since, n.until) AND k.date >= from_day AND k.date <= until_day
) p
$$;
