-- The securities behind the given symbols that have no id yet, each with the id to assign: fmp:SYMBOL, or fmp:SYMBOL:DATE if
-- another security had the symbol until that date. A counter is added to an id that is already taken. Symbols in neither the
-- universe nor a profile get none. If a security has several symbols, the newest counts.
-- Grain: one row per security. Key: base. Sources: core.newest_period, fmp_symbol_period, security, fmp_universe,
-- equity_profile. Units: date.
CREATE OR REPLACE FUNCTION core.listings_without_id(symbols text[])
RETURNS TABLE (security_id text, symbol text, first_symbol text, held_on date)
LANGUAGE sql STABLE AS $$
SELECT c.base || coalesce(':' || nullif(u.taken, 0) + 1, ''), c.symbol, c.first_symbol, c.held_on
FROM (
  SELECT DISTINCT ON (coalesce(p.owner_symbol, s.symbol), p.owner_until) s.symbol,
    'fmp:' || s.symbol || coalesce(':' || to_char(p.since, 'YYYY-MM-DD'), '') AS base,
    coalesce((
      SELECT o.symbol FROM public.fmp_symbol_period o
      WHERE o.owner_symbol = p.owner_symbol AND o.owner_until IS NOT DISTINCT FROM p.owner_until
      ORDER BY o.valid_to NULLS LAST, o.symbol LIMIT 1
    ), s.symbol) AS first_symbol,
    -- a day on which the symbol meant the security, even if it is only announced or has ended
    greatest(least((now() AT TIME ZONE 'America/New_York')::date, p.until - 1), p.since) AS held_on
  FROM unnest(symbols) s (symbol)
  LEFT JOIN LATERAL core.newest_period(s.symbol) p ON true
  WHERE NOT EXISTS (SELECT FROM core.security_of(s.symbol))
    AND (
      EXISTS (SELECT FROM public.fmp_universe l WHERE l.symbol = s.symbol)
      OR EXISTS (SELECT FROM public.equity_profile l WHERE l.symbol = s.symbol)
    )
  ORDER BY coalesce(p.owner_symbol, s.symbol), p.owner_until, p.until DESC NULLS FIRST, s.symbol
) c
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN EXISTS (SELECT FROM public.security x WHERE x.security_id = c.base)
      THEN (SELECT count(*) FROM public.security x WHERE starts_with(x.security_id, c.base))
    ELSE 0
  END AS taken
) u
$$;
