-- Whether the quotient of two numbers of shares is, within 5%, the ratio of a split that a listing had up to a day. Products are
-- compared, because a rounded quotient may fall on the wrong side of a limit.
-- Grain: one row. Key: none. Sources: core.splits. Units: boolean.
CREATE OR REPLACE FUNCTION core.is_split_ratio(of_symbol text, new_shares numeric, old_shares numeric, of_day date)
RETURNS TABLE (is_known boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT count(*) > 0
FROM core.splits(of_symbol, '-infinity', of_day) s
WHERE NOT s.is_price_factor
  AND s.numerator * old_shares BETWEEN s.denominator * new_shares * 0.95 AND s.denominator * new_shares * 1.05
$$;
