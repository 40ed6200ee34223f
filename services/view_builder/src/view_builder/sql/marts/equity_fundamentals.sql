-- What the statements of a company say, apart from its price. They change a few times a year: a day of prices reads them here
-- instead of computing them. Only a split that takes effect computes the figures per share anew.
-- Grain: one row per symbol with statements or figures that the vendor derives from them. Key: symbol.
-- Sources: the statements and what the vendor derives from them, fmp_score; price_adjustment and prices for the shares.
-- Units: reported_currency, fraction, ratio.
-- name: rows
SELECT s.symbol, f.reported_currency, f.basis AS fundamentals_basis, f.date AS fundamentals_date, f.revenue AS revenue_ttm,
  f.gross_profit AS gross_profit_ttm, f.operating_income AS operating_income_ttm, f.ebitda AS ebitda_ttm,
  f.ebit AS ebit_ttm, f.interest_expense AS interest_expense_ttm, f.net_income AS net_income_ttm,
  f.operating_cash_flow AS operating_cash_flow_ttm, f.capital_expenditure AS capital_expenditure_ttm,
  f.free_cash_flow AS free_cash_flow_ttm, f.eps AS eps_ttm, f.eps_diluted AS eps_diluted_ttm,
  f.cash_and_short_term_investments, f.total_current_assets, f.total_current_liabilities, f.total_assets, f.total_liabilities,
  f.total_stockholders_equity, f.total_debt, f.net_debt, core.ratio_by_gain(f.gross_profit, f.revenue) AS gross_margin,
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
  v.free_cash_flow_growth, v.has_ratios AS has_vendor_ratios, v.pe_ratio AS vendor_pe_ratio,
  v.price_to_book_ratio AS vendor_price_to_book_ratio, v.price_to_sales_ratio AS vendor_price_to_sales_ratio,
  v.ev_to_ebitda AS vendor_ev_to_ebitda, v.free_cash_flow_yield AS vendor_free_cash_flow_yield, z.altman_z_score,
  z.piotroski_score, f.reason AS fundamentals_reason, v.ratios_date AS vendor_ratios_date, t.as_of
FROM affected_keys s
CROSS JOIN LATERAL core.price_now(s.symbol, s.symbol, 'price_adjustment') l
CROSS JOIN LATERAL core.fundamentals(s.symbol, l.close_day, l.day) f
CROSS JOIN LATERAL core.vendor_year(s.symbol) v
LEFT JOIN LATERAL core.scores(s.symbol) z ON true
CROSS JOIN LATERAL (
  SELECT greatest(f.stored_at, v.stored_at, z.updated_at) AS as_of
) t
WHERE t.as_of IS NOT NULL;
-- name: keys
SELECT c.symbol FROM core.symbols_with_statements() c;
-- name: affected
SELECT c.symbol, c.run_id FROM core.statements_of_runs($1::uuid[]) c
UNION ALL
SELECT a.symbol, a.run_id FROM core.adjustments_of_runs($1::uuid[]) a
UNION ALL
SELECT q.symbol, q.run_id FROM core.split_quotes_of_runs($1::uuid[]) q;
