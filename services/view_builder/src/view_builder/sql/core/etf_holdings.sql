-- The newest complete list of an ETF's holdings: the ten largest, and the number of all.
-- Grain: one row. Key: none. Sources: fmp_etf_holding. Units: fraction of the fund; nav_currency; shares.
CREATE OR REPLACE FUNCTION core.etf_holdings(of_symbol text)
RETURNS TABLE (items jsonb, positions bigint, day date, as_of timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'place', x.place, 'symbol', nullif(x.asset, ''), 'name', nullif(x.name, ''), 'isin', nullif(x.isin, ''),
    'weight', core.percent_as_fraction(x.weight_percentage), 'shares', x.shares_number, 'market_value', x.market_value
  ) ORDER BY x.place) FILTER (WHERE x.place <= 10), count(*), max(core.read_day(x.source_updated_at)), max(x.updated_at)
FROM (
  SELECT h.*, row_number() OVER (ORDER BY h.weight_percentage DESC NULLS LAST, h.asset, h.name, h.row_id) AS place
  FROM public.fmp_etf_holding h
  WHERE h.symbol = of_symbol AND h.valid_to IS NULL
) x
$$;
