-- Everything that the page of an ETF or a closed-end fund shows: profile, current price, net asset value, cost, size,
-- performance, risk against the index of its currency, yield, holdings, weights, distributions.
-- Grain: one row per listed fund. Key: symbol. Sources: fmp_etf_info, fmp_etf_holding, fmp_etf_sector, fmp_etf_country,
-- fmp_quote, fmp_eod_price, equity_profile, fmp_dividend, fmp_index_price, fmp_treasury_rate.
-- Units: currency of the row, nav_currency, fraction, ratio.
-- name: rows
WITH market AS MATERIALIZED (
  SELECT b.day, b.symbol, b.level, b.rate, b.stored_at FROM core.benchmark_months() b
)
SELECT s.symbol, coalesce(m.name, i.name) AS name, m.type, m.exchange, m.currency, m.is_active, i.etf_company AS issuer,
  i.asset_class, coalesce(i.domicile, m.country) AS domicile, coalesce(i.isin, p.isin) AS isin, i.cusip,
  coalesce(i.website, p.website) AS website, coalesce(i.description, p.description) AS description, i.inception_date,
  l.price, l.day AS price_date, l.quoted_at, core.unbroken(l.change, 1, l.day, k.day) AS change,
  core.unbroken(l.price_return_1d, 1, l.day, k.day) AS price_return_1d, l.open, l.day_low, l.day_high,
  core.unbroken(l.previous_close, 1, l.day, k.day) AS previous_close,
  core.unbroken(l.year_low, 366, l.day, k.day) AS year_low, core.unbroken(l.year_high, 366, l.day, k.day) AS year_high,
  core.unbroken(l.price_avg50, 80, l.day, k.day) AS price_avg50,
  core.unbroken(l.price_avg200, 300, l.day, k.day) AS price_avg200, l.quoted_volume AS volume,
  i.average_volume, i.navps, i.navps_date, i.nav_currency, i.expense_ratio,
  i.assets_under_management, coalesce(nullif(h.positions, 0), i.holdings_count) AS holdings_count,
  core.unbroken(p.beta, 1827, l.day, k.day) AS beta,
  core.unbroken(d.dividend_ttm, 366, l.day, m.currency_since) AS dividend_ttm,
  core.unbroken(d.dividend_yield, 550, l.day, m.currency_since) AS dividend_yield, b.basis AS return_basis,
  l.close_day AS return_date, r.return_1w, r.return_1m, r.return_3m, r.return_6m,
  r.return_ytd, r.return_1y, r.return_3y, r.return_5y, r.return_10y, r.price_return_1w,
  r.price_return_1m, r.price_return_3m, r.price_return_6m, r.price_return_ytd, r.price_return_1y, r.price_return_3y,
  r.price_return_5y, r.price_return_10y,
  CASE b.used WHEN 'total_return' THEN f.total_return WHEN 'price_return' THEN f.price_return END AS return_since_inception,
  f.price_return AS price_return_since_inception, k1.standard_deviation AS standard_deviation_1y,
  k3.standard_deviation AS standard_deviation_3y, k5.standard_deviation AS standard_deviation_5y,
  k1.max_drawdown AS max_drawdown_1y, k3.max_drawdown AS max_drawdown_3y, k5.max_drawdown AS max_drawdown_5y,
  h.day AS holdings_date, coalesce(h.items, '[]') AS top_holdings, coalesce(sw.items, '[]') AS sector_weights,
  coalesce(cw.items, '[]') AS country_weights, coalesce(v.items, '[]') AS distributions,
  core.benchmark_index(m.currency) AS benchmark_index, k1.sharpe AS sharpe_1y, k3.sharpe AS sharpe_3y,
  k5.sharpe AS sharpe_5y, k1.beta AS beta_1y, k3.beta AS beta_3y, k5.beta AS beta_5y,
  k1.upside_capture AS upside_capture_1y, k3.upside_capture AS upside_capture_3y, k5.upside_capture AS upside_capture_5y,
  k1.downside_capture AS downside_capture_1y, k3.downside_capture AS downside_capture_3y,
  k5.downside_capture AS downside_capture_5y,
  core.unbroken(d.dividend_yield_forward, 550, l.day, m.currency_since) AS dividend_yield_forward, u.basis AS currency_basis,
  m.security_id, m.issuer_id,
  greatest(
    m.as_of, i.updated_at, p.updated_at, l.quote_stored_at, l.close_stored_at, b.as_of, d.as_of, u.as_of, h.as_of,
    sw.as_of, cw.as_of, r.stored_at, f.stored_at, n.stored_at, v.as_of
  ) AS as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND core.is_listed_fund(m.type)
LEFT JOIN LATERAL core.etf_info(s.symbol) i ON true
LEFT JOIN LATERAL core.profile(s.symbol, m.exchange) p ON true
CROSS JOIN LATERAL core.price_now(s.symbol, s.symbol, 'price_adjustment') l
CROSS JOIN LATERAL core.series_since(s.symbol, m.currency_since) k
CROSS JOIN LATERAL core.currency_basis(s.symbol) u
CROSS JOIN LATERAL core.dividend_yields(s.symbol, l.close_day, l.day, l.price, p.last_dividend, u.basis) d
CROSS JOIN LATERAL core.return_basis(s.symbol, u.basis) b
CROSS JOIN LATERAL core.listing_returns(
  s.symbol, l.close_price, l.close_day, b.used, ARRAY['1w', '1m', '3m', '6m', 'ytd', '1y', '3y', '5y', '10y'],
  m.currency_since
) r
LEFT JOIN LATERAL core.inception_return(s.symbol, l.close_price, l.close_day, i.inception_date, m.currency_since) f
  ON true
CROSS JOIN LATERAL (
  SELECT array_agg(o.value ORDER BY o.months) AS month_values, array_agg(o.price ORDER BY o.months) AS month_prices,
    array_agg(x.level ORDER BY o.months) AS month_levels, array_agg(x.rate ORDER BY o.months) AS month_rates,
    max(greatest(o.stored_at, x.stored_at)) AS stored_at
  FROM core.listing_months(s.symbol, l.close_day, b.used, m.currency_since) o
  LEFT JOIN market x ON x.day = o.day AND x.symbol = core.benchmark_index(m.currency)
) n
CROSS JOIN LATERAL core.monthly_risk(1, n.month_values, n.month_prices, n.month_levels, n.month_rates) k1
CROSS JOIN LATERAL core.monthly_risk(3, n.month_values, n.month_prices, n.month_levels, n.month_rates) k3
CROSS JOIN LATERAL core.monthly_risk(5, n.month_values, n.month_prices, n.month_levels, n.month_rates) k5
CROSS JOIN LATERAL core.etf_distributions(s.symbol, l.close_day, l.day) v
CROSS JOIN LATERAL core.etf_holdings(s.symbol) h
CROSS JOIN LATERAL core.etf_sectors(s.symbol) sw
CROSS JOIN LATERAL core.etf_countries(s.symbol) cw;
-- name: keys
SELECT m.identifier AS symbol FROM sra.security_master m WHERE m.source = 'fmp' AND core.is_listed_fund(m.type);
-- name: affected
SELECT q.symbol, q.run_id FROM core.quotes_of_runs($1::uuid[]) q
UNION ALL
SELECT p.symbol, p.run_id FROM core.profiles_of_runs($1::uuid[]) p
UNION ALL
SELECT e.symbol, e.run_id FROM core.etfs_of_runs($1::uuid[]) e
UNION ALL
SELECT c.symbol, c.run_id FROM core.closes_of_runs($1::uuid[]) c
UNION ALL
SELECT a.symbol, a.run_id FROM core.adjustments_of_runs($1::uuid[]) a
UNION ALL
SELECT l.symbol, l.run_id FROM core.listings_of_runs($1::uuid[]) l
UNION ALL
SELECT f.symbol, f.run_id FROM core.foreign_listings_of_runs($1::uuid[]) f
UNION ALL
-- a changed listing may have had the same issuer before the runs
SELECT k.symbol, r.run_id
FROM (SELECT DISTINCT m.run_id FROM core.masters_of_runs($1::uuid[]) m) r
JOIN materialized_rows k ON k.currency_basis = 'doubtful'
UNION ALL
-- every fund is compared with the last days of a month
SELECT m.identifier, b.run_id
FROM core.benchmarks_of_runs($1::uuid[]) b
CROSS JOIN sra.security_master m
WHERE m.source = 'fmp' AND core.is_listed_fund(m.type);
-- name: example
SELECT e.name, e.expense_ratio, e.assets_under_management, e.return_1y FROM sra.etf_page e
ORDER BY e.assets_under_management DESC NULLS LAST LIMIT 20;
