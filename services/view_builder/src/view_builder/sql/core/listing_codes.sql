-- The codes by which a listing is found, in addition to its symbol: ISIN, CUSIP, and its issuer's key at the SEC with and without
-- zeros.
-- Grain: one row per code. Key: none. Sources: equity_profile, fmp_etf_info. Units: none.
CREATE OR REPLACE FUNCTION core.listing_codes(of_symbol text) RETURNS TABLE (code text, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.code, p.updated_at
FROM public.equity_profile p
CROSS JOIN LATERAL (VALUES
    (p.raw_json ->> 'isin'), (p.raw_json ->> 'cusip'), (p.raw_json ->> 'cik'), (ltrim(p.raw_json ->> 'cik', '0'))
) c (code)
WHERE p.symbol = of_symbol
UNION ALL
SELECT c.code, i.updated_at
FROM public.fmp_etf_info i
CROSS JOIN LATERAL (VALUES (i.isin), (i.security_cusip)) c (code)
WHERE i.symbol = of_symbol
$$;
