-- The newest profile of a symbol, preferably that of the listing's exchange, with the figures and texts of raw_json.
-- Grain: at most one row. Key: none. Sources: equity_profile. Units: currency of the listing, shares, persons.
CREATE OR REPLACE FUNCTION core.profile(of_symbol text, of_exchange text) RETURNS TABLE (
  symbol text, website text, description text, employees numeric, market_cap numeric, beta numeric, last_dividend numeric,
  average_volume numeric, isin text, cusip text, cik text, ceo text, address text, city text, state text,
  postal_code text, phone text, image text, ipo_date date, updated_at timestamptz, price numeric, is_adr boolean
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT x.symbol, x.website, x.description, x.employees, x.market_cap,
  public.fundata_parse_number(x.raw_json ->> 'beta'), public.fundata_parse_number(x.raw_json ->> 'lastDividend'),
  public.fundata_parse_number(x.raw_json ->> 'averageVolume'), nullif(x.raw_json ->> 'isin', ''),
  nullif(x.raw_json ->> 'cusip', ''), nullif(x.raw_json ->> 'cik', ''), nullif(x.raw_json ->> 'ceo', ''),
  nullif(x.raw_json ->> 'address', ''), nullif(x.raw_json ->> 'city', ''), nullif(x.raw_json ->> 'state', ''),
  nullif(x.raw_json ->> 'zip', ''), nullif(x.raw_json ->> 'phone', ''), nullif(x.raw_json ->> 'image', ''),
  core.read_day(x.raw_json ->> 'ipoDate'), x.updated_at, x.current_price, lower(x.raw_json ->> 'isAdr') = 'true'
FROM public.equity_profile x
WHERE x.symbol = of_symbol
ORDER BY x.exchange IS DISTINCT FROM of_exchange, x.updated_at DESC, x.exchange LIMIT 1
$$;
