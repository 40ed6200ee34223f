-- The master data of a listing: its newest entry in the universe, preferably a present one, and its profile, preferably that of
-- the entry's exchange. No row if both are missing.
-- Grain: at most one row. Key: none. Sources: fmp_universe, equity_profile, fmp_etf_info, fmp_row_history. Units: none.
CREATE OR REPLACE FUNCTION core.listing_master(of_symbol text) RETURNS TABLE (
  name text, type text, exchange text, currency text, sector text, industry text, country text, isin text,
  inception_date date, is_active boolean, as_of timestamptz, cik text, currency_since date
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(p.company_name, u.company_name),
  core.listing_type(
    of_symbol, coalesce(p.company_name, u.company_name), coalesce(u.is_etf, p.is_etf),
    coalesce(u.is_fund, lower(p.raw_json ->> 'isFund') = 'true'), lower(p.raw_json ->> 'isAdr') = 'true'
  ),
  coalesce(u.exchange, p.exchange), p.currency, coalesce(p.sector, u.sector), coalesce(p.industry, u.industry),
  coalesce(p.country, u.country), coalesce(nullif(i.isin, ''), nullif(p.raw_json ->> 'isin', '')), i.inception_date,
  coalesce(u.valid_to IS NULL AND coalesce(u.is_actively_trading, true), p.is_actively_trading, false),
  greatest(p.updated_at, u.updated_at, i.updated_at), nullif(p.raw_json ->> 'cik', ''), c.day
FROM (SELECT 1) one
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_universe x WHERE x.symbol = of_symbol
  ORDER BY x.valid_to IS NOT NULL, x.valid_to DESC, x.row_id DESC LIMIT 1
) u ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.equity_profile x WHERE x.symbol = of_symbol
  ORDER BY x.exchange IS DISTINCT FROM u.exchange, x.updated_at DESC, x.exchange LIMIT 1
) p ON true
LEFT JOIN public.fmp_etf_info i ON i.symbol = of_symbol
CROSS JOIN LATERAL core.currency_since(of_symbol, p.currency) c
WHERE u.symbol IS NOT NULL OR p.symbol IS NOT NULL
$$;
