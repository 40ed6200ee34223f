-- All figures of a listed equity: profile, current price, performance, valuation, twelve months of statements, growth, scores.
-- Ratios of price and statements use the shares that core.valuation_basis determines and the exchange rate of the price's day.
-- They are NULL if the period ended more than 548 days before that day; fundamentals_reason states why.
-- Grain: one row per listed equity. Key: symbol. Sources: fmp_quote, fmp_eod_price, equity_profile, sra.equity_fundamentals,
-- fmp_peer, fmp_earning, fmp_exchange_rate, share_basis. Units: currency of the row, reported_currency, fraction, ratio.
-- name: rows
SELECT s.symbol, m.name, m.exchange, m.type, m.currency, m.is_active, m.sector, m.industry, m.country, p.isin, p.ceo,
  p.website, p.description, core.whole_number(p.employees) AS employee_count, p.ipo_date, l.price,
  l.day AS price_date, l.quoted_at,
  core.unbroken(l.change, 1, l.day, k.day) AS change, core.unbroken(l.price_return_1d, 1, l.day, k.day) AS price_return_1d,
  l.quoted_volume AS volume, l.open, l.day_low, l.day_high, core.unbroken(l.previous_close, 1, l.day, k.day) AS previous_close,
  core.unbroken(l.year_low, 366, l.day, k.day) AS year_low, core.unbroken(l.year_high, 366, l.day, k.day) AS year_high,
  core.unbroken(l.price_avg50, 80, l.day, k.day) AS price_avg50,
  core.unbroken(l.price_avg200, 300, l.day, k.day) AS price_avg200, c.market_cap,
  core.unbroken(p.beta, 1827, l.day, k.day) AS beta,
  core.unbroken(d.dividend_ttm, 366, l.day, m.currency_since) AS dividend_ttm,
  core.unbroken(d.dividend_yield, 550, l.day, m.currency_since) AS dividend_yield,
  b.basis AS return_basis, l.close_day AS return_date,
  r.return_1w, r.return_1m, r.return_3m, r.return_6m, r.return_ytd, r.return_1y,
  r.return_3y, r.return_5y, r.price_return_1w, r.price_return_1m, r.price_return_3m, r.price_return_6m,
  r.price_return_ytd, r.price_return_1y, r.price_return_3y, r.price_return_5y, c.basis AS valuation_basis,
  trim_scale(round(c.enterprise_value, 4)) AS enterprise_value,
  c.pe_ratio,
  core.ratio_by_gain(c.company_cap, f.common_equity * c.rate) AS pb_ratio,
  core.ratio_by_gain(c.company_cap, f.revenue_ttm * c.rate) AS ps_ratio,
  CASE WHEN NOT core.is_bank_or_insurer(m.sector, m.industry)
    THEN core.ratio_by_gain(c.enterprise_value, f.ebitda_ttm * c.rate)
  END AS ev_to_ebitda,
  core.ratio(f.free_cash_flow_ttm * c.rate, c.company_cap) AS free_cash_flow_yield,
  f.reported_currency, f.fundamentals_basis, f.period_end_date, f.revenue_ttm, f.gross_profit_ttm,
  f.operating_income_ttm, f.ebitda_ttm, f.net_income_ttm, trim_scale(round(c.eps, 10)) AS eps_ttm,
  trim_scale(round(c.eps_diluted, 10)) AS eps_diluted_ttm, f.operating_cash_flow_ttm, f.capital_expenditure_ttm,
  f.free_cash_flow_ttm, f.total_assets, f.total_liabilities, f.total_stockholders_equity,
  f.cash_and_short_term_investments, f.total_debt, f.net_debt, f.gross_margin, f.operating_margin, f.ebitda_margin,
  f.net_margin, f.free_cash_flow_margin, f.return_on_equity, f.return_on_assets, f.debt_to_equity_ratio,
  f.financial_leverage_ratio, f.net_debt_to_ebitda, f.current_ratio, f.interest_coverage_ratio,
  f.quarterly_revenue_growth, f.quarterly_earnings_growth, coalesce(f.quarters, '[]') AS quarters,
  f.growth_fiscal_year, f.revenue_growth, f.net_income_growth, f.eps_growth, f.free_cash_flow_growth,
  f.altman_z_score, f.piotroski_score, n.date AS next_earnings_date, n.eps_estimated AS next_eps_estimated,
  coalesce(o.symbols, '[]') AS peer_symbols, p.average_volume, p.cusip, p.cik, p.address, p.city, p.state,
  p.postal_code, p.phone, p.image,
  c.reason AS fundamentals_reason,
  core.unbroken(d.dividend_yield_forward, 550, l.day, m.currency_since) AS dividend_yield_forward, u.basis AS currency_basis,
  m.security_id, m.issuer_id,
  trim_scale(round(core.quotient(c.market_cap, y.rate), 2)) AS market_cap_usd, c.scope AS market_cap_scope,
  trim_scale(round(h.shares, 4)) AS listed_shares, trim_scale(round(t.diluted_shares, 4)) AS diluted_shares,
  e.ratio AS share_ratio, x.rate AS fx_rate, x.day AS fx_date, x.pair AS fx_pair, f.common_income_ttm, f.common_equity,
  f.preferred_stock, f.minority_interest, f.vendor_ratios_date, round(f.vendor_pe_ratio, 6) AS vendor_pe_ratio,
  round(f.vendor_pb_ratio, 6) AS vendor_pb_ratio,
  round(f.vendor_ps_ratio, 6) AS vendor_ps_ratio,
  round(f.vendor_ev_to_ebitda, 6) AS vendor_ev_to_ebitda,
  round(f.vendor_free_cash_flow_yield, 6) AS vendor_free_cash_flow_yield,
  greatest(
    m.as_of, p.updated_at, l.quote_stored_at, l.close_stored_at, b.as_of, d.as_of, u.as_of, r.stored_at, f.as_of, o.as_of,
    n.updated_at, x.stored_at, y.stored_at
  ) AS as_of
FROM affected_keys s
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = s.symbol AND core.is_equity(m.type)
LEFT JOIN LATERAL core.profile(s.symbol, m.exchange) p ON true
CROSS JOIN LATERAL core.price_now(s.symbol, s.symbol, 'price_adjustment') l
CROSS JOIN LATERAL core.series_since(s.symbol, m.currency_since) k
CROSS JOIN LATERAL core.currency_basis(s.symbol) u
CROSS JOIN LATERAL core.dividend_yields(s.symbol, l.close_day, l.day, l.price, p.last_dividend, u.basis) d
CROSS JOIN LATERAL core.return_basis(s.symbol, u.basis) b
CROSS JOIN LATERAL core.listing_returns(
  s.symbol, l.close_price, l.close_day, b.used, ARRAY['1w', '1m', '3m', '6m', 'ytd', '1y', '3y', '5y'],
  m.currency_since
) r
LEFT JOIN sra.equity_fundamentals f ON f.symbol = s.symbol
CROSS JOIN LATERAL core.peers(s.symbol) o
LEFT JOIN LATERAL core.next_earnings(s.symbol, l.day) n ON true
LEFT JOIN LATERAL core.usd_rate(m.currency, l.day) y ON true
LEFT JOIN LATERAL core.exchange_rate(f.reported_currency, m.currency, l.day) x ON f.reported_currency <> m.currency
LEFT JOIN LATERAL core.share_basis_ratio(s.symbol, l.day) e ON true
CROSS JOIN LATERAL core.listed_shares(
  s.symbol, l.day, l.market_cap, l.quoted_price, l.quoted_day, p.market_cap, p.price,
  (p.updated_at AT TIME ZONE 'America/New_York')::date
) h
CROSS JOIN LATERAL core.split_sums(
  f.split_parts, h.shares * coalesce(e.ratio, 1), f.eps_ttm, f.eps_diluted_ttm, f.reported_diluted_shares
) t
CROSS JOIN LATERAL core.valuation_basis(s.symbol, l.day, h.shares, t.diluted_shares, e.ratio, m.type = 'adr' OR p.is_adr) v
CROSS JOIN LATERAL core.valuation(
  l.price, h.shares, v.basis, v.scope, v.company_shares, e.ratio, m.type = 'adr' OR p.is_adr, t.eps, t.eps_diluted,
  t.diluted_shares,
  f.common_income_ttm, f.total_debt + coalesce(f.preferred_stock, 0) + coalesce(f.minority_interest, 0)
  - f.cash_and_short_term_investments,
  CASE WHEN f.reported_currency = m.currency THEN 1 ELSE x.rate END,
  CASE
    WHEN NOT core.is_valued(m.type) THEN 'not_common'
    WHEN f.symbol IS NULL THEN 'no_statements'
    WHEN f.fundamentals_reason IS NOT NULL THEN f.fundamentals_reason
    WHEN l.day IS NULL THEN 'no_price'
    WHEN NOT core.is_recent(f.period_end_date, l.day) THEN 'too_old'
    WHEN m.currency IS NULL OR f.reported_currency IS NULL THEN 'currency_unknown'
    WHEN f.reported_currency <> m.currency AND x.rate IS NULL THEN 'no_exchange_rate'
    ELSE v.reason
  END
) c;
-- name: keys
SELECT m.identifier AS symbol FROM sra.security_master m WHERE m.source = 'fmp' AND core.is_equity(m.type);
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
-- a changed listing may have had the same issuer before the runs
SELECT k.symbol, r.run_id
FROM (SELECT DISTINCT m.run_id FROM core.masters_of_runs($1::uuid[]) m) r
JOIN materialized_rows k ON k.currency_basis = 'doubtful'
UNION ALL
SELECT k.symbol, x.run_id
FROM core.rates_of_runs($1::uuid[]) x
JOIN materialized_rows k ON k.currency = x.currency AND k.currency <> 'USD'
WHERE k.price_date BETWEEN x.first_day AND x.last_day + 7
UNION ALL
SELECT k.symbol, x.run_id
FROM core.rates_of_runs($1::uuid[]) x
JOIN materialized_rows k ON k.reported_currency = x.currency AND k.reported_currency <> k.currency
WHERE k.price_date BETWEEN x.first_day AND x.last_day + 7
UNION ALL
-- the maintained table changes without a run, so the next run applies it
SELECT k.symbol, r.run_id
FROM (
  SELECT k.symbol FROM materialized_rows k WHERE k.share_ratio IS NOT NULL
  UNION
  SELECT b.symbol FROM core.maintained_listings() b
) c
JOIN materialized_rows k ON k.symbol = c.symbol
CROSS JOIN (SELECT unnest($1::uuid[]) AS run_id LIMIT 1) r
WHERE k.share_ratio IS DISTINCT FROM (SELECT e.ratio FROM core.share_basis_ratio(k.symbol, k.price_date) e);
-- name: example
SELECT e.symbol, e.name, e.pe_ratio, e.return_on_equity FROM sra.equity_metrics e
WHERE e.is_active AND e.market_cap_usd > 1000 ORDER BY e.market_cap_usd DESC LIMIT 20;
