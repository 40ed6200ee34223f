-- Renames, delistings and moves between exchanges. A move is dated by the day in New York on which the vendor first listed the
-- symbol on the other exchange. of_day is a day on which the former symbol still meant the security.
-- Grain: one row per event. Key: event, symbol, date, new_symbol, exchange. Sources: fmp_symbol_change, fmp_delisted,
-- fmp_universe. Units: dates.
CREATE OR REPLACE VIEW core.listing_changes AS
SELECT 'rename' AS event, c.old_symbol AS symbol, c.date, c.date - 1 AS of_day, c.new_symbol, NULL::text AS exchange,
  NULL::text AS new_exchange, c.company_name, NULL::date AS ipo_date, c.created_at, c.updated_at, c.run_id
FROM public.fmp_symbol_change c
UNION ALL
SELECT 'delisting', d.symbol, d.delisted_date, d.delisted_date, NULL, d.exchange, NULL, d.company_name, d.ipo_date,
  d.created_at, d.updated_at, d.run_id
FROM public.fmp_delisted d
UNION ALL
SELECT 'move', u.symbol, (n.valid_from AT TIME ZONE 'America/New_York')::date,
  (n.valid_from AT TIME ZONE 'America/New_York')::date, NULL, u.exchange, n.exchange, n.company_name, NULL, n.valid_from,
  n.updated_at, n.run_id
FROM public.fmp_universe u
CROSS JOIN LATERAL (
  SELECT x.* FROM public.fmp_universe x WHERE x.symbol = u.symbol AND x.row_id > u.row_id ORDER BY x.row_id LIMIT 1
) n
WHERE n.exchange <> u.exchange;
