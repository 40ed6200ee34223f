-- The listings of a listing's issuer in another currency: those with the same CIK or, if one of the two has no CIK, with the same
-- name and country. An issuer with many listings is looked up by currency.
-- Grain: one row per listing. Key: symbol. Sources: sra.security_master. Units: none.
CREATE OR REPLACE FUNCTION core.foreign_listings(of_symbol text) RETURNS TABLE (symbol text)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT o.identifier
FROM sra.security_master m
CROSS JOIN LATERAL (
  SELECT u.identifier
  FROM (
    SELECT x.identifier FROM sra.security_master x
    WHERE x.source = 'fmp' AND x.cik = m.cik AND x.currency < m.currency
    UNION ALL
    SELECT x.identifier FROM sra.security_master x
    WHERE x.source = 'fmp' AND x.cik = m.cik AND x.currency > m.currency
    UNION ALL
    SELECT x.identifier FROM sra.security_master x
    WHERE x.source = 'fmp' AND lower(x.name) = lower(m.name) AND x.country = m.country AND x.currency <> m.currency
      AND (x.cik IS NULL OR m.cik IS NULL)
  ) u
  OFFSET 0
) o
WHERE m.source = 'fmp' AND m.identifier = of_symbol
$$;
