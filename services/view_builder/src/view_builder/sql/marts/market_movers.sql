-- The ten largest gains and the ten largest losses of a session in each market. Only quotes of one session count: that of most
-- members' newest quotes, or the later of two with equally many.
-- Grain: one row per market, direction and place. Key: market, direction, rank. Sources: sra.equity_metrics, fmp_constituent.
-- Units: currency of the row; fraction; shares.
-- Without origins: market, market_name, basis.
-- name: rows
SELECT r.market, r.market_name, r.basis, r.direction, r.rank, r.session_date, r.symbol, r.name, r.exchange, r.sector,
  r.currency, r.price, r.change, r.price_return_1d, r.volume, r.market_cap, r.as_of, r.security_id
FROM (
  SELECT d.*, row_number() OVER (
      PARTITION BY d.market, d.direction
      ORDER BY abs(d.price_return_1d) DESC, d.market_cap DESC NULLS LAST, d.symbol
    ) AS rank
  FROM (
    SELECT n.*, first_value(n.session_date) OVER (
        PARTITION BY n.market ORDER BY n.sharing DESC, n.session_date DESC
      ) AS session
    FROM (
      SELECT g.market, g.market_name, g.basis, e.*,
        CASE WHEN e.price_return_1d > 0 THEN 'gainer' ELSE 'loser' END AS direction,
        e.price_date AS session_date, count(*) OVER (PARTITION BY g.market, e.price_date) AS sharing
      FROM affected_keys s
      JOIN core.market_list g ON g.market = s.market
      JOIN sra.equity_metrics e ON e.is_active AND e.price_return_1d IS NOT NULL AND CASE g.basis
          WHEN 'listing' THEN e.exchange = g.members
          ELSE EXISTS (SELECT FROM core.constituents(g.members) c WHERE c.symbol = e.symbol)
        END
    ) n
  ) d
  WHERE d.session_date = d.session AND d.price_return_1d <> 0
) r
WHERE r.rank <= 10;
-- name: keys
SELECT g.market FROM core.market_list g;
-- name: affected
SELECT g.market, r.run_id FROM core.market_list g CROSS JOIN unnest($1::uuid[]) r (run_id);
-- name: example
SELECT m.market_name, m.rank, m.symbol, m.price_return_1d FROM sra.market_movers m
WHERE m.direction = 'gainer' ORDER BY m.market, m.rank;
