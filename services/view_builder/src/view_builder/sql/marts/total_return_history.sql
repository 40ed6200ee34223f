-- One daily series for listings, ETFs and funds: the price, the price in today's shares, and the value of a holding with all
-- payments reinvested, which ends at the price. A listing has the series of its newest symbol.
-- Grain: one row per security and day. Key: security_id, date. Sources: sra.equity_quote_history, sra.listing_identity,
-- sra.fund_quote_history, security. Units: currency of the row.
-- name: rows
SELECT i.security_id, h.date, i.symbol AS identifier, i.type, h.currency, h.close AS unadjusted_price,
  h.split_adjusted_close AS adjusted_price, h.total_return_close AS total_return_index, h.as_of, h.last_run_id
FROM sra.listing_identity i
JOIN sra.equity_quote_history h ON h.symbol = i.symbol
WHERE NOT EXISTS (
    SELECT FROM sra.listing_identity o
    WHERE o.security_id = i.security_id AND coalesce(o.valid_to, 'infinity') > coalesce(i.valid_to, 'infinity')
  )
UNION ALL
SELECT f.security_id, q.date, f.identifier, 'fund', q.currency, q.navps,
  trim_scale(round(q.navps / s.factor, 10)), q.adjusted_navps, q.as_of, q.last_run_id
FROM core.fund_securities f
-- evaluated once for a fund, because few have a split
CROSS JOIN LATERAL (
  SELECT array_agg(n.date) AS days, array_agg(n.split_ratio) AS ratios
  FROM sra.fund_quote_history n
  WHERE n.identifier = f.identifier AND n.split_ratio IS NOT NULL
) k
JOIN sra.fund_quote_history q ON q.identifier = f.identifier
CROSS JOIN LATERAL (
  SELECT published.product(x.ratio) AS factor
  FROM unnest(k.days, k.ratios) x (day, ratio)
  WHERE x.day > q.date
) s;
-- name: prices_on
SELECT s.security_id, p.date, p.price, p.price_currency, r.rate, r.rate_date, trim_scale(round(p.price * r.rate, 10))
FROM unnest(security_ids) s (security_id)
LEFT JOIN LATERAL (
  SELECT t.date, t.unadjusted_price AS price, t.currency AS price_currency
  FROM sra.total_return_history t
  WHERE t.security_id = s.security_id AND t.date BETWEEN day - 7 AND day AND t.unadjusted_price > 0
  ORDER BY t.date DESC LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT CASE
      WHEN p.price_currency = currency THEN 1
      WHEN count(*) = 2 THEN trim_scale(round(
        max(v.rate) FILTER (WHERE c.place = 2) / round(max(v.rate) FILTER (WHERE c.place = 1), 40), 15
      ))
    END AS rate, CASE WHEN p.price_currency <> currency AND count(*) = 2 THEN min(v.date) END AS rate_date
  FROM unnest(ARRAY[p.price_currency, currency]) WITH ORDINALITY c (code, place)
  CROSS JOIN LATERAL (
    SELECT 1::numeric AS rate, NULL::date AS date WHERE c.code = 'USD'
    UNION ALL
    (
      SELECT x.exchange_rate, x.date
      FROM sra.exchange_rates x
      WHERE x.pair = 'USD' || c.code AND x.date BETWEEN day - 7 AND day AND x.exchange_rate > 0
      ORDER BY x.date DESC LIMIT 1
    )
  ) v
) r ON true;
-- name: example
-- what 10,000 became with all payments reinvested
SELECT t.date, 10000 * t.total_return_index / first_value(t.total_return_index) OVER (ORDER BY t.date) AS growth
FROM sra.total_return_history t
WHERE t.security_id = (SELECT m.security_id FROM sra.security_master m WHERE m.source = 'fmp' AND m.identifier = 'AAPL')
ORDER BY t.date;
