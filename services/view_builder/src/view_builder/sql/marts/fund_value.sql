-- The newest value of every fund with our returns and the yield for its day. fund_page reads it, because everything else on a
-- page changes less often.
-- Grain: one row per fund with a value. Key: identifier. Sources: published.fund_quote_history, fundata_quotes (yield).
-- Units: currency of the row; fraction; the yield as delivered.
-- name: rows
SELECT s.identifier, q.currency, q.navps, q.date AS price_date, q.change, q.vendor_price_return_1d,
  q.price_return_1d, q.return_1d, y.current_yield, y.change AS current_yield_percent_change, y.date AS current_yield_date,
  greatest(q.as_of, y.processed_at) AS as_of, 'fundata:' || s.identifier AS security_id
FROM affected_keys s
CROSS JOIN LATERAL (
  SELECT n.* FROM published.fund_quote_history n WHERE n.identifier = s.identifier ORDER BY n.date DESC LIMIT 1
) q
LEFT JOIN LATERAL core.fund_yield(s.identifier, q.date) y ON true;
-- name: keys
SELECT q.identifier FROM published.fund_quote_history q;
-- name: affected
SELECT DISTINCT q.identifier, q.run_id FROM core.fund_values_of_runs($1::uuid[]) q
UNION ALL
SELECT p.identifier, p.run_id FROM core.payments_of_runs($1::uuid[]) p
UNION ALL
SELECT d.identifier, d.run_id FROM core.fund_records_of_runs($1::uuid[], ARRAY['FundGeneral']) d;
-- name: example
SELECT v.identifier, v.navps, v.price_date, v.return_1d FROM sra.fund_value v ORDER BY v.return_1d DESC NULLS LAST LIMIT 20;
