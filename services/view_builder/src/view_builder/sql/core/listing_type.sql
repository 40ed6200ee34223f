-- The security type of a listing, from the first source that decides it: the vendor's ETF flag, the symbol, the vendor's fund
-- flag, the name, the vendor's ADR flag, else equity. A fund is a mutual fund if its symbol has five letters with X. It is
-- closed-end if it trades as a share does and its name does not contain ETF.
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
