-- Periods of listing: the entries of the universe, one for each uninterrupted period on an exchange, and the days that the vendor
-- states for listings that ended before our first list of the universe.
-- Grain: one row per listing and time. Key: symbol, exchange, listed_from. Sources: fmp_universe, fmp_delisted. Units: dates.
CREATE OR REPLACE VIEW core.listing_spans AS
SELECT u.symbol, u.exchange, u.company_name, u.sector, u.industry, u.country, u.is_etf, u.is_fund, u.is_actively_trading,
  'universe' AS evidence, (u.valid_from AT TIME ZONE 'America/New_York')::date AS listed_from,
  (u.valid_to AT TIME ZONE 'America/New_York')::date AS listed_until, u.valid_from AS known_at, u.updated_at, u.run_id, u.row_id
FROM public.fmp_universe u
UNION ALL
SELECT d.symbol, d.exchange, d.company_name, NULL, NULL, NULL, NULL, NULL, NULL, 'delisting', d.ipo_date, d.delisted_date + 1,
  d.created_at, d.updated_at, d.run_id, 0
FROM public.fmp_delisted d
WHERE NOT EXISTS (
    SELECT FROM public.fmp_universe u
    WHERE u.symbol = d.symbol AND u.exchange = d.exchange
      AND (u.valid_from AT TIME ZONE 'America/New_York')::date <= d.delisted_date
  );
