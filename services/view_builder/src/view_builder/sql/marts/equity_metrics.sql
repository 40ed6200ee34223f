-- Every figure of a listed equity: profile, price of now, performance, valuation, twelve months of statements, growth, scores.
-- Ratios of price and statements are ours where listing and statements have one currency, else the vendor's; of neither where
-- the period ended more than 548 days before the price's day. fundamentals_reason says why none is ours.
-- Grain: one row per listed equity. Key: symbol. Sources: fmp_quote, fmp_eod_price, equity_profile, sra.equity_fundamentals,
-- fmp_peer, fmp_earning. Units: currency of the row, reported_currency, fraction, ratio.
-- name: rows
SELECT s.symbol, m.name, m.exchange, m.type, m.currency, m.is_active, m.sector, m.industry, m.country, p.isin, p.ceo,
  p.website, p.description, p.employees, p.ipo_date, l.price, l.day AS price_date, l.quoted_at, l.change,
  l.change_percentage, l.quoted_volume AS volume, l.open, l.day_low, l.day_high, l.previous_close, l.year_low,
  l.year_high, l.price_avg50, l.price_avg200, c.market_cap, p.beta, d.dividend_ttm, d.dividend_yield,
  b.basis AS performance_basis, l.close_day AS performance_date,
  r.performance_1w, r.performance_1m, r.performance_3m, r.performance_6m, r.performance_ytd, r.performance_1y,
  r.performance_3y, r.performance_5y, r.price_return_1w, r.price_return_1m, r.price_return_3m, r.price_return_6m,
  r.price_return_ytd, r.price_return_1y, r.price_return_3y, r.price_return_5y, c.basis AS valuation_basis,
  CASE c.basis WHEN 'computed' THEN c.enterprise_value END AS enterprise_value,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(l.price, f.eps_diluted_ttm)
    WHEN 'vendor' THEN round(CASE WHEN f.vendor_pe_ratio > 0 THEN f.vendor_pe_ratio END, 6)
  END AS pe_ratio,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(c.market_cap, f.total_stockholders_equity)
    WHEN 'vendor' THEN round(CASE WHEN f.vendor_price_to_book_ratio > 0 THEN f.vendor_price_to_book_ratio END, 6)
  END AS price_to_book_ratio,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(c.market_cap, f.revenue_ttm)
    WHEN 'vendor' THEN round(CASE WHEN f.vendor_price_to_sales_ratio > 0 THEN f.vendor_price_to_sales_ratio END, 6)
  END AS price_to_sales_ratio,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(c.enterprise_value, f.ebitda_ttm)
    WHEN 'vendor' THEN round(CASE WHEN f.vendor_ev_to_ebitda > 0 THEN f.vendor_ev_to_ebitda END, 6)
  END AS ev_to_ebitda,
  CASE c.basis
    WHEN 'computed' THEN core.ratio(f.free_cash_flow_ttm, c.market_cap)
    WHEN 'vendor' THEN round(f.vendor_free_cash_flow_yield, 6)
  END AS free_cash_flow_yield,
  f.reported_currency, f.fundamentals_basis, f.fundamentals_date, f.revenue_ttm, f.gross_profit_ttm,
  f.operating_income_ttm, f.ebitda_ttm, f.net_income_ttm, trim_scale(round(f.eps_ttm, 10)) AS eps_ttm,
  trim_scale(round(f.eps_diluted_ttm, 10)) AS eps_diluted_ttm, f.operating_cash_flow_ttm, f.capital_expenditure_ttm,
  f.free_cash_flow_ttm, f.total_assets, f.total_liabilities, f.total_stockholders_equity,
  f.cash_and_short_term_investments, f.total_debt, f.net_debt, f.gross_margin, f.operating_margin, f.ebitda_margin,
  f.net_margin, f.free_cash_flow_margin, f.return_on_equity, f.return_on_assets, f.debt_to_equity_ratio,
  f.financial_leverage_ratio, f.net_debt_to_ebitda, f.current_ratio, f.interest_coverage_ratio,
  f.quarterly_revenue_growth, f.quarterly_earnings_growth, coalesce(f.quarters, '[]') AS quarters,
  f.growth_fiscal_year, f.revenue_growth, f.net_income_growth, f.eps_growth, f.free_cash_flow_growth,
  f.altman_z_score, f.piotroski_score, n.date AS next_earnings_date, n.eps_estimated AS next_eps_estimated,
  coalesce(o.symbols, '[]') AS peer_symbols, p.average_volume, p.cusip, p.cik, p.address, p.city, p.state,
  p.postal_code, p.phone, p.image,
  CASE WHEN c.basis = 'computed' THEN NULL ELSE c.reason END AS fundamentals_reason,
  d.dividend_yield_forward, u.basis AS currency_basis,
  greatest(
    m.as_of, p.updated_at, l.quote_stored_at, l.close_stored_at, b.as_of, d.as_of, u.as_of, r.stored_at, f.as_of, o.as_of,
    n.updated_at
  ) AS as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND m.type = 'equity'
LEFT JOIN LATERAL core.profile(s.symbol, m.exchange) p ON true
CROSS JOIN LATERAL core.price_now(s.symbol, s.symbol, 'price_adjustment') l
CROSS JOIN LATERAL core.currency_basis(s.symbol) u
CROSS JOIN LATERAL core.dividend_yields(s.symbol, l.close_day, l.day, l.price, p.last_dividend, u.basis) d
CROSS JOIN LATERAL core.return_basis(s.symbol, u.basis) b
CROSS JOIN LATERAL core.listing_returns(
  s.symbol, l.close_price, l.close_day, b.used, ARRAY['1w', '1m', '3m', '6m', 'ytd', '1y', '3y', '5y']
) r
LEFT JOIN sra.equity_fundamentals f ON f.symbol = s.symbol
CROSS JOIN LATERAL core.peers(s.symbol) o
LEFT JOIN LATERAL core.next_earnings(s.symbol, l.day) n ON true
CROSS JOIN LATERAL (
  SELECT q.market_cap, q.market_cap + f.net_debt AS enterprise_value,
    CASE
      WHEN m.currency = f.reported_currency AND core.is_recent(f.fundamentals_date, l.day) THEN 'computed'
      WHEN core.is_recent(f.vendor_ratios_date, l.day) THEN 'vendor'
    END AS basis,
    CASE
      WHEN f.symbol IS NULL THEN 'no_statements'
      WHEN f.fundamentals_reason IS NOT NULL THEN f.fundamentals_reason
      WHEN l.day IS NULL THEN 'no_price'
      WHEN NOT core.is_recent(f.fundamentals_date, l.day) THEN 'too_old'
      ELSE 'other_currency'
    END AS reason
  FROM (SELECT nullif(coalesce(nullif(l.market_cap, 0), p.market_cap), 0) AS market_cap) q
) c;
-- name: keys
SELECT m.identifier AS symbol FROM sra.security_master m WHERE m.source = 'fmp' AND m.type = 'equity';
-- name: affected
SELECT q.symbol, q.run_id FROM core.quotes_of_runs($1::uuid[]) q
UNION ALL
SELECT c.symbol, c.run_id FROM core.companies_of_runs($1::uuid[]) c
UNION ALL
SELECT c.symbol, c.run_id FROM core.closes_of_runs($1::uuid[]) c
UNION ALL
SELECT a.symbol, a.run_id FROM core.adjustments_of_runs($1::uuid[]) a
UNION ALL
SELECT l.symbol, l.run_id FROM core.listings_of_runs($1::uuid[]) l
UNION ALL
SELECT f.symbol, f.run_id FROM core.foreign_listings_of_runs($1::uuid[]) f
UNION ALL
-- a listing may have been of the same issuer until now
SELECT k.symbol, r.run_id
FROM (SELECT DISTINCT m.run_id FROM core.masters_of_runs($1::uuid[]) m) r
JOIN materialized_rows k ON k.currency_basis = 'doubtful';
