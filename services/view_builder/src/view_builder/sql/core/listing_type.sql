-- What a listing is: an ETF by the vendor's flag, else what its symbol names, else a fund by the vendor's flag, else what its
-- name states, else an ADR by the vendor's flag, else equity, if the vendor does not say more. A fund is a mutual
-- fund by its symbol of five letters with X, and closed-end where it trades as a share does and its name says no ETF.
-- Grain: one value. Key: none. Sources: its arguments. Units: none.
CREATE OR REPLACE FUNCTION core.listing_type(of_symbol text, of_name text, is_etf boolean, is_fund boolean, is_adr boolean)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(
  CASE WHEN is_etf THEN 'etf' END,
  core.type_by_symbol(of_symbol, of_name),
  CASE
    WHEN is_fund THEN CASE
      WHEN of_symbol ~ '^[A-Z]{4}X$' THEN 'mutual_fund'
      WHEN of_symbol ~ '^[A-Z]{1,4}$|\.(TO|V)$' AND of_name !~* '\m(etf|etn)\M' THEN 'closed_end_fund'
      ELSE 'fund'
    END
  END,
  core.type_by_name(of_symbol, of_name),
  CASE WHEN is_adr THEN 'adr' END,
  'equity'
)
$$;
