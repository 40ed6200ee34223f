-- The security type that a listing's name states explicitly; NULL if it states none. Words that companies and funds have in their
-- own names (Preferred Bank, Notes Inc., Nuveen Preferred Securities Fund) do not count. Rights and units also need the fifth
-- letter of a NASDAQ symbol, and a note needs its rate or the year in which it is due.
-- Grain: one value. Key: none. Sources: its arguments. Units: none.
CREATE OR REPLACE FUNCTION core.type_by_name(of_symbol text, of_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN of_name ~* '\m(fund|etf|etn)\M' THEN NULL
  WHEN of_symbol ~ '^[A-Z]{4}U$' AND of_name ~* '\munits?$|\munits?, each consisting of\M'
    AND of_name !~* '\m(common|trust|partnership|partner) units?\M' THEN 'unit'
  WHEN of_symbol ~ '^[A-Z]{4}R$' AND of_name ~* '\mrights?$' THEN 'right'
  WHEN of_name ~* '\S \(?warrants?\)?$|\mwarrants? (to purchase|exercisable|expiring|exp)\M|\mwarrants?, each\M' THEN 'warrant'
  WHEN of_name ~* '\m(preferred|preference) (stock|shares?)\M|\mpfd\M' THEN 'preferred'
  WHEN of_name ~* '\d% .*\m(notes?|debentures?|bonds?)\M|\m(notes?|debentures?|bonds?) due .*\m20\d\d\M' THEN 'note'
  WHEN of_name ~* '\mamerican depositary (shares?|receipts?)\M' OR of_name ~ '\mAD[RS]s?$' THEN 'adr'
  WHEN of_name ~* '\m(common|ordinary|subordinate voting|multiple voting) (stock|shares?)$' THEN 'common'
END
$$;
