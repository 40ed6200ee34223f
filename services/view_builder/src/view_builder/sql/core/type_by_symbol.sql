-- The security type in a listing's symbol, by the conventions of the exchanges; NULL if there is none. In the United States
-- ABC-WT and ABC-WS are warrants, ABC-P and ABC-PA preferred shares, ABC-R and ABC-RT rights, ABC-U and ABC-UN units. In Canada
-- only ABC-WT, ABC-PA, ABC-RT, and ABC-DB and ABC-NT (debentures, notes) have a type: -UN and -U are units of a trust, its common
-- equity; -R is a subscription receipt, -P a capital pool company. In the United States, too, a unit of a trust or partnership
-- does not count as a unit. Letters of share classes (BRK-B, RCI-A.TO) are not types.
-- Grain: one value. Key: none. Sources: its arguments. Units: none.
CREATE OR REPLACE FUNCTION core.type_by_symbol(of_symbol text, of_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
  WHEN of_symbol ~ '^[A-Z]+[-.](WT|WS)([-.]?[A-Z])?$|^[A-Z]+-WT(-?[A-Z])?\.(TO|V)$' THEN 'warrant'
  WHEN of_symbol ~ '^[A-Z]+-P(R-?)?[A-Z]?$|^[A-Z]+-P(R-?)?[A-Z]\.(TO|V)$' THEN 'preferred'
  WHEN of_symbol ~ '^[A-Z]+[-.]RT?$|^[A-Z]+-RT\.(TO|V)$' THEN 'right'
  WHEN of_symbol ~ '^[A-Z]+-(DB|NT)(-?[A-Z])?\.(TO|V)$' THEN 'note'
  WHEN of_symbol ~ '^[A-Z]+[-.]UN?$' AND of_name !~* '\m(reit|real estate|trust|partners|partnership|income|fund)\M|\ml\.?p\.?$'
    THEN 'unit'
END
$$;
