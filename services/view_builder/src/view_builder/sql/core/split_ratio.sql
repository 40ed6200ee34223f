-- The divisor for prices before the splits and price factors of a listing after one day until another (ratio), and new shares for
-- one old, from splits alone (share_ratio); both are 1 if there are none.
-- Grain: one row. Key: none. Sources: core.splits. Units: factors.
CREATE OR REPLACE FUNCTION core.split_ratio(
  of_symbol text, after_day date, until_day date, known_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (ratio numeric, share_ratio numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(published.product(core.quotient(s.numerator, s.denominator)), 1), coalesce(
    published.product(core.quotient(s.numerator, s.denominator)) FILTER (WHERE NOT s.is_price_factor), 1
  )
FROM core.splits(of_symbol, after_day, until_day, known_by) s
$$;
