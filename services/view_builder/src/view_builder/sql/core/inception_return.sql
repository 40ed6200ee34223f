-- The performance of a listing since its inception, of the price alone and with dividends reinvested, annualised if it is longer
-- than a year. No row if the first close is more than 7 days after the inception, or if the listing has changed its currency
-- since (from_day).
-- Grain: at most one row. Key: none. Sources: core.first_close, sra.price_adjustment. Units: fraction, beyond a year a year.
CREATE OR REPLACE FUNCTION core.inception_return(
  of_symbol text, end_price numeric, end_day date, inception_date date, from_day date
)
RETURNS TABLE (price_return numeric, total_return numeric, stored_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT core.performance_since(end_price, end_day, x.price / coalesce(a.split_factor, 1), x.day),
  core.performance_since(
    end_price, end_day, x.price / CASE WHEN a.is_adjusted THEN a.total_return_factor ELSE 1 END, x.day
  ), x.stored_at
FROM core.first_close(of_symbol, inception_date, inception_date + 7) x
LEFT JOIN LATERAL core.adjustment_factors(of_symbol, x.day) a ON true
WHERE x.day >= coalesce(from_day, '-infinity')
$$;
