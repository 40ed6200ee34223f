-- The newest 24 dividends of a listing, including announced ones, as delivered and in shares of the price's day.
-- Grain: one row. Key: none. Sources: core.dividends, core.share_count. Units: currency of the listing.
CREATE OR REPLACE FUNCTION core.etf_distributions(of_symbol text, close_day date, price_day date)
RETURNS TABLE (items jsonb, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'ex_date', x.date, 'dividend', x.dividend, 'adjusted_dividend', trim_scale(round(core.quotient(
      x.dividend, (SELECT c.shares FROM core.share_count(of_symbol, x.date, close_day, price_day) c)
    ), 10)),
    'declaration_date', x.declaration_date, 'record_date', x.record_date, 'payment_date', x.payment_date
  ) ORDER BY x.place) FILTER (WHERE x.place <= 24), max(x.updated_at)
FROM (
  SELECT d.*, row_number() OVER (ORDER BY d.date DESC, d.dividend DESC, d.row_id) AS place
  FROM core.dividends(of_symbol, 'infinity') d
) x
$$;
