-- The number of shares on the day of a price per share of another day: the factor of the splits up to the newest close, and the
-- splits since, which a quote reflects before a close does. Price factors do not change the number of shares.
-- Grain: one row. Key: none. Sources: sra.price_adjustment, core.splits. Units: factor.
CREATE OR REPLACE FUNCTION core.share_count(of_symbol text, of_day date, close_day date, price_day date)
RETURNS TABLE (shares numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce((SELECT f.share_factor FROM core.adjustment_factors(of_symbol, of_day) f), 1) * CASE
    WHEN close_day IS NULL OR price_day > close_day
      THEN (SELECT r.share_ratio FROM core.split_ratio(of_symbol, greatest(close_day, of_day), price_day) r)
    ELSE 1
  END
$$;
