-- New shares for one old over the splits of a listing after a day until another; 1 where there are none.
-- Grain: one row. Key: none. Sources: core.splits. Units: factor.
CREATE OR REPLACE FUNCTION core.split_ratio(of_symbol text, after_day date, until_day date)
RETURNS TABLE (ratio numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(published.product(core.quotient(s.numerator, s.denominator)), 1)
FROM core.splits(of_symbol, after_day, until_day) s
$$;
