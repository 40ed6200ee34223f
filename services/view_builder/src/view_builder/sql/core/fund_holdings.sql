-- The ten largest positions of a fund on the newest day, in one language, English before French.
-- Grain: one row. Key: none. Sources: core.fundata_data_latest (FundTopHolding). Units: fraction of the fund.
CREATE OR REPLACE FUNCTION core.fund_holdings(of_fund text)
RETURNS TABLE (day date, items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH held AS (
  SELECT d.*, lower(coalesce(d.language, '')) AS spoken
  FROM core.fundata_data_latest d
  WHERE d.identifier = of_fund AND d.dataset = 'FundTopHolding'
), newest AS (
  SELECT max(h.date) AS day, max(h.processed_at) AS processed_at FROM held h
)
SELECT n.day, (
    SELECT jsonb_agg(x.item ORDER BY x.place)
    FROM (
      SELECT jsonb_build_object(
          'number', core.whole_number(h.holding_number), 'security', h.security, 'weight',
          core.percent_as_fraction(core.exact(h.market_percent, h.raw_json, 'MarketPercent', 'market_percent'))
        ) AS item, row_number() OVER (ORDER BY h.holding_number, h.record_id) AS place
      FROM held h
      WHERE h.date IS NOT DISTINCT FROM n.day AND h.row_ordinal = 0
        AND h.spoken = (SELECT min(o.spoken) FROM held o WHERE o.date IS NOT DISTINCT FROM n.day)
    ) x
    WHERE x.place <= 10
  ), n.processed_at
FROM newest n
$$;
