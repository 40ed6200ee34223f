-- The shares of a listing according to the vendor, converted to the shares of another day: market capitalisation / price of the
-- quote, or else of the profile. NULL if the two days are more than 30 days apart. Zero counts as missing.
-- Grain: one row. Key: none. Sources: core.split_ratio. Units: shares.
CREATE OR REPLACE FUNCTION core.listed_shares(
  of_symbol text, price_day date, quote_cap numeric, quote_price numeric, quote_day date, profile_cap numeric,
  profile_price numeric, profile_day date
)
RETURNS TABLE (shares numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT core.quotient(v.cap, v.price) * CASE
    WHEN v.day < price_day THEN (SELECT r.share_ratio FROM core.split_ratio(of_symbol, v.day, price_day) r)
    WHEN v.day > price_day
      THEN (SELECT core.quotient(1, r.share_ratio) FROM core.split_ratio(of_symbol, price_day, v.day) r)
    ELSE 1
  END
FROM (SELECT quote_cap > 0 AND quote_price > 0 AND abs(quote_day - price_day) <= 30 AS is_quoted) k
CROSS JOIN LATERAL (
  SELECT CASE WHEN k.is_quoted THEN quote_cap WHEN profile_cap > 0 AND abs(profile_day - price_day) <= 30 THEN profile_cap END
      AS cap,
    CASE WHEN k.is_quoted THEN quote_price WHEN profile_price > 0 THEN profile_price END AS price,
    CASE WHEN k.is_quoted THEN quote_day ELSE profile_day END AS day
  FROM (SELECT 1) one
  OFFSET 0
) v
OFFSET 0
$$;
