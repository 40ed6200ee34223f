-- The factors for one day: price divisors that give today's shares, without and with reinvested dividends, and the multiplier of
-- its shares. No row means that all of them are one. The function reads a published view, so readers may call it in views that
-- join that view.
-- Grain: at most one row. Key: none. Sources: sra.price_adjustment. Units: factors.
CREATE OR REPLACE FUNCTION core.adjustment_factors(of_symbol text, of_day date)
RETURNS TABLE (
  is_adjusted boolean, split_factor numeric, total_return_factor numeric, share_factor numeric, as_of timestamptz,
  last_run_id uuid
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT true, a.split_factor, a.total_return_factor, a.share_factor, a.as_of, a.last_run_id
FROM sra.price_adjustment a
WHERE a.symbol = of_symbol AND a.ex_date > of_day
ORDER BY a.ex_date LIMIT 1
$$;
GRANT EXECUTE ON FUNCTION core.adjustment_factors(text, date) TO public;
