-- The statements of a company as its page shows them: twelve months of its newest four quarters where they are whole, else its
-- newest fiscal year; basis says which.
-- Grain: one row. Key: none. Sources: core.quarters_ttm, core.statement_periods.
-- Units: reported_currency; eps and eps_diluted per share of the price's day; growth is a fraction.
CREATE OR REPLACE FUNCTION core.fundamentals(of_symbol text, close_day date, price_day date) RETURNS TABLE (
  basis text, date date, reported_currency text, revenue numeric, gross_profit numeric, operating_income numeric,
  ebitda numeric, ebit numeric, interest_expense numeric, net_income numeric, operating_cash_flow numeric,
  capital_expenditure numeric, free_cash_flow numeric, eps numeric, eps_diluted numeric,
  cash_and_short_term_investments numeric, total_current_assets numeric, total_current_liabilities numeric,
  total_assets numeric, total_liabilities numeric, total_stockholders_equity numeric, total_debt numeric,
  net_debt numeric, quarters jsonb, quarterly_revenue_growth numeric, quarterly_earnings_growth numeric,
  quarters_stored_at timestamptz, year_stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE WHEN t.is_whole THEN 'quarters' WHEN y.place IS NOT NULL THEN 'fiscal_year' END,
  CASE WHEN t.is_whole THEN t.date ELSE y.date END,
  CASE WHEN t.is_whole THEN t.reported_currency ELSE y.reported_currency END,
  CASE WHEN t.is_whole THEN t.revenue ELSE y.revenue END,
  CASE WHEN t.is_whole THEN t.gross_profit ELSE y.gross_profit END,
  CASE WHEN t.is_whole THEN t.operating_income ELSE y.operating_income END,
  CASE WHEN t.is_whole THEN t.ebitda ELSE y.ebitda END,
  CASE WHEN t.is_whole THEN t.ebit ELSE y.ebit END,
  CASE WHEN t.is_whole THEN t.interest_expense ELSE y.interest_expense END,
  CASE WHEN t.is_whole THEN t.net_income ELSE y.net_income END,
  CASE WHEN t.is_whole THEN t.operating_cash_flow ELSE y.operating_cash_flow END,
  CASE WHEN t.is_whole THEN t.capital_expenditure ELSE y.capital_expenditure END,
  CASE WHEN t.is_whole THEN t.free_cash_flow ELSE y.free_cash_flow END,
  CASE WHEN t.is_whole THEN t.eps ELSE y.eps_now END,
  CASE WHEN t.is_whole THEN t.eps_diluted ELSE y.eps_diluted_now END,
  CASE WHEN t.is_whole THEN t.cash_and_short_term_investments ELSE y.cash_and_short_term_investments END,
  CASE WHEN t.is_whole THEN t.total_current_assets ELSE y.total_current_assets END,
  CASE WHEN t.is_whole THEN t.total_current_liabilities ELSE y.total_current_liabilities END,
  CASE WHEN t.is_whole THEN t.total_assets ELSE y.total_assets END,
  CASE WHEN t.is_whole THEN t.total_liabilities ELSE y.total_liabilities END,
  CASE WHEN t.is_whole THEN t.total_stockholders_equity ELSE y.total_stockholders_equity END,
  CASE WHEN t.is_whole THEN t.total_debt ELSE y.total_debt END,
  CASE WHEN t.is_whole THEN t.net_debt ELSE y.net_debt END,
  t.items, t.revenue_growth, t.earnings_growth, t.stored_at, y.stored_at
FROM core.quarters_ttm(of_symbol, close_day, price_day) t
LEFT JOIN core.statement_periods(of_symbol, true, 1, close_day, price_day) y ON true
$$;
