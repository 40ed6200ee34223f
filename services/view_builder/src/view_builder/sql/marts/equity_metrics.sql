-- Every figure of a listed equity: profile, price of now, performance, valuation, twelve months of statements, growth, scores.
-- Ratios of price and statements are ours where listing and statements have one currency, else the vendor's.
-- Grain: one row per listed equity. Key: symbol. Sources: fmp_quote, fmp_eod_price, equity_profile, the statements and what the
-- vendor derives from them, fmp_peer, fmp_earning, fmp_score. Units: currency of the row, reported_currency, fraction, ratio.
-- name: rows
SELECT s.symbol, m.name, m.exchange, m.type, m.currency, m.is_active, m.sector, m.industry, m.country, p.isin, p.ceo,
  p.website, p.description, p.employees, p.ipo_date, l.price, l.day AS price_date, l.quoted_at, l.change,
  l.change_percentage, l.quoted_volume AS volume, l.open, l.day_low, l.day_high, l.previous_close, l.year_low,
  l.year_high, l.price_avg50, l.price_avg200, c.market_cap, p.beta, c.dividend AS dividend_ttm,
  core.ratio(c.dividend, l.price) AS dividend_yield, b.basis AS performance_basis, l.close_day AS performance_date,
  r.performance_1w, r.performance_1m, r.performance_3m, r.performance_6m, r.performance_ytd, r.performance_1y,
  r.performance_3y, r.performance_5y, r.price_return_1w, r.price_return_1m, r.price_return_3m, r.price_return_6m,
  r.price_return_ytd, r.price_return_1y, r.price_return_3y, r.price_return_5y, c.basis AS valuation_basis,
  CASE c.basis WHEN 'computed' THEN c.enterprise_value END AS enterprise_value,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(l.price, f.eps_diluted)
    WHEN 'vendor' THEN round(CASE WHEN v.pe_ratio > 0 THEN v.pe_ratio END, 6)
  END AS pe_ratio,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(c.market_cap, f.total_stockholders_equity)
    WHEN 'vendor' THEN round(CASE WHEN v.price_to_book_ratio > 0 THEN v.price_to_book_ratio END, 6)
  END AS price_to_book_ratio,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(c.market_cap, f.revenue)
    WHEN 'vendor' THEN round(CASE WHEN v.price_to_sales_ratio > 0 THEN v.price_to_sales_ratio END, 6)
  END AS price_to_sales_ratio,
  CASE c.basis
    WHEN 'computed' THEN core.ratio_by_gain(c.enterprise_value, f.ebitda)
    WHEN 'vendor' THEN round(CASE WHEN v.ev_to_ebitda > 0 THEN v.ev_to_ebitda END, 6)
  END AS ev_to_ebitda,
  CASE c.basis
    WHEN 'computed' THEN core.ratio(f.free_cash_flow, c.market_cap)
    WHEN 'vendor' THEN round(v.free_cash_flow_yield, 6)
  END AS free_cash_flow_yield,
  f.reported_currency, f.basis AS fundamentals_basis, f.date AS fundamentals_date, f.revenue AS revenue_ttm,
  f.gross_profit AS gross_profit_ttm, f.operating_income AS operating_income_ttm, f.ebitda AS ebitda_ttm,
  f.net_income AS net_income_ttm, trim_scale(round(f.eps, 10)) AS eps_ttm,
  trim_scale(round(f.eps_diluted, 10)) AS eps_diluted_ttm, f.operating_cash_flow AS operating_cash_flow_ttm,
  f.capital_expenditure AS capital_expenditure_ttm, f.free_cash_flow AS free_cash_flow_ttm, f.total_assets,
  f.total_liabilities, f.total_stockholders_equity, f.cash_and_short_term_investments, f.total_debt, f.net_debt,
  core.ratio_by_gain(f.gross_profit, f.revenue) AS gross_margin,
  core.ratio_by_gain(f.operating_income, f.revenue) AS operating_margin,
  core.ratio_by_gain(f.ebitda, f.revenue) AS ebitda_margin, core.ratio_by_gain(f.net_income, f.revenue) AS net_margin,
  core.ratio_by_gain(f.free_cash_flow, f.revenue) AS free_cash_flow_margin,
  core.ratio_by_gain(f.net_income, f.total_stockholders_equity) AS return_on_equity,
  core.ratio_by_gain(f.net_income, f.total_assets) AS return_on_assets,
  core.ratio_by_gain(f.total_debt, f.total_stockholders_equity) AS debt_to_equity_ratio,
  core.ratio_by_gain(f.total_assets, f.total_stockholders_equity) AS financial_leverage_ratio,
  core.ratio_by_gain(f.net_debt, f.ebitda) AS net_debt_to_ebitda,
  core.ratio_by_gain(f.total_current_assets, f.total_current_liabilities) AS current_ratio,
  core.ratio_by_gain(f.ebit, f.interest_expense) AS interest_coverage_ratio, f.quarterly_revenue_growth,
  f.quarterly_earnings_growth, f.quarters, v.growth_fiscal_year, v.revenue_growth, v.net_income_growth, v.eps_growth,
  v.free_cash_flow_growth, z.altman_z_score, z.piotroski_score, n.date AS next_earnings_date,
  n.eps_estimated AS next_eps_estimated, coalesce(o.symbols, '[]') AS peer_symbols, p.average_volume, p.cusip, p.cik,
  p.address, p.city, p.state, p.postal_code, p.phone, p.image,
  greatest(
    m.as_of, p.updated_at, l.quote_stored_at, l.close_stored_at, b.as_of, d.as_of, r.stored_at, f.quarters_stored_at,
    f.year_stored_at, v.stored_at, z.updated_at, o.as_of, n.updated_at
  ) AS as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND m.type = 'equity'
LEFT JOIN LATERAL core.profile(s.symbol, m.exchange) p ON true
CROSS JOIN LATERAL core.price_now(s.symbol, s.symbol, 'price_adjustment') l
CROSS JOIN LATERAL core.dividends_ttm(s.symbol, l.close_day, l.day) d
CROSS JOIN LATERAL core.return_basis(s.symbol, l.close_day, '5y') b
CROSS JOIN LATERAL core.listing_returns(
  s.symbol, l.close_price, l.close_day, b.basis, ARRAY['1w', '1m', '3m', '6m', 'ytd', '1y', '3y', '5y']
) r
CROSS JOIN LATERAL core.fundamentals(s.symbol, l.close_day, l.day) f
CROSS JOIN LATERAL core.vendor_year(s.symbol) v
LEFT JOIN LATERAL core.scores(s.symbol) z ON true
CROSS JOIN LATERAL core.peers(s.symbol) o
LEFT JOIN LATERAL core.next_earnings(s.symbol, l.day) n ON true
CROSS JOIN LATERAL (
  SELECT q.market_cap, q.market_cap + f.net_debt AS enterprise_value, coalesce(d.total, p.last_dividend) AS dividend,
    CASE WHEN m.currency = f.reported_currency THEN 'computed' WHEN v.has_ratios THEN 'vendor' END AS basis
  FROM (SELECT nullif(coalesce(nullif(l.market_cap, 0), p.market_cap), 0) AS market_cap) q
) c;
-- name: keys
SELECT m.identifier AS symbol FROM sra.security_master m WHERE m.source = 'fmp' AND m.type = 'equity';
-- name: affected
SELECT DISTINCT q.symbol, q.run_id FROM public.fmp_quote q WHERE q.run_id = ANY($1::uuid[])
UNION ALL
SELECT c.symbol, c.run_id FROM core.companies_of_runs($1::uuid[]) c
UNION ALL
SELECT c.symbol, c.run_id FROM core.closes_of_runs($1::uuid[]) c
UNION ALL
SELECT a.symbol, a.run_id FROM core.adjustments_of_runs($1::uuid[]) a
UNION ALL
SELECT l.symbol, l.run_id FROM core.listings_of_runs($1::uuid[]) l;
