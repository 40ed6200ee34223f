-- The newest four quarters of a company: as reported (items), summed up, NULL where one of them lacks a figure, and the newest
-- one against the same one a year before, which is the fifth if none is missing. is_whole: four in a row of one currency.
-- Grain: one row. Key: none. Sources: core.statement_periods. Units: reported_currency; growth is a fraction.
CREATE OR REPLACE FUNCTION core.quarters_ttm(of_symbol text, close_day date, price_day date) RETURNS TABLE (
  is_whole boolean, items jsonb, revenue numeric, gross_profit numeric, operating_income numeric, ebitda numeric,
  ebit numeric, interest_expense numeric, net_income numeric, operating_cash_flow numeric,
  capital_expenditure numeric, free_cash_flow numeric, eps numeric, eps_diluted numeric, date date,
  reported_currency text, cash_and_short_term_investments numeric, total_current_assets numeric,
  total_current_liabilities numeric, total_assets numeric, total_liabilities numeric,
  total_stockholders_equity numeric, total_debt numeric, net_debt numeric, revenue_growth numeric,
  earnings_growth numeric, stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT count(*) FILTER (WHERE p.place <= 4) = 4
    AND max(p.number) FILTER (WHERE p.place <= 4) - min(p.number) FILTER (WHERE p.place <= 4) = 3
    AND count(DISTINCT p.reported_currency) FILTER (WHERE p.place <= 4) = 1,
  coalesce(jsonb_agg(jsonb_build_object(
    'fiscal_year', p.fiscal_year, 'period', p.period, 'date', p.date, 'filing_date', p.filing_date,
    'reported_currency', p.reported_currency, 'revenue', p.revenue, 'gross_profit', p.gross_profit,
    'operating_income', p.operating_income, 'ebitda', p.ebitda, 'ebit', p.ebit,
    'interest_expense', p.interest_expense, 'net_income', p.net_income, 'eps', p.eps, 'eps_diluted', p.eps_diluted,
    'operating_cash_flow', p.operating_cash_flow, 'capital_expenditure', p.capital_expenditure,
    'free_cash_flow', p.free_cash_flow, 'cash_and_short_term_investments', p.cash_and_short_term_investments,
    'total_current_assets', p.total_current_assets, 'total_current_liabilities', p.total_current_liabilities,
    'total_assets', p.total_assets, 'total_liabilities', p.total_liabilities,
    'total_stockholders_equity', p.total_stockholders_equity, 'total_debt', p.total_debt, 'net_debt', p.net_debt
  ) ORDER BY p.place) FILTER (WHERE p.place <= 4), '[]'),
  core.whole_sum(count(p.revenue) FILTER (WHERE p.place <= 4), sum(p.revenue) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.gross_profit) FILTER (WHERE p.place <= 4), sum(p.gross_profit) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.operating_income) FILTER (WHERE p.place <= 4), sum(p.operating_income) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.ebitda) FILTER (WHERE p.place <= 4), sum(p.ebitda) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.ebit) FILTER (WHERE p.place <= 4), sum(p.ebit) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.interest_expense) FILTER (WHERE p.place <= 4), sum(p.interest_expense) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.net_income) FILTER (WHERE p.place <= 4), sum(p.net_income) FILTER (WHERE p.place <= 4)),
  core.whole_sum(
    count(p.operating_cash_flow) FILTER (WHERE p.place <= 4), sum(p.operating_cash_flow) FILTER (WHERE p.place <= 4)
  ),
  core.whole_sum(
    count(p.capital_expenditure) FILTER (WHERE p.place <= 4), sum(p.capital_expenditure) FILTER (WHERE p.place <= 4)
  ),
  core.whole_sum(count(p.free_cash_flow) FILTER (WHERE p.place <= 4), sum(p.free_cash_flow) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.eps_now) FILTER (WHERE p.place <= 4), sum(p.eps_now) FILTER (WHERE p.place <= 4)),
  core.whole_sum(count(p.eps_diluted_now) FILTER (WHERE p.place <= 4), sum(p.eps_diluted_now) FILTER (WHERE p.place <= 4)),
  max(p.date) FILTER (WHERE p.place = 1), max(p.reported_currency) FILTER (WHERE p.place = 1),
  max(p.cash_and_short_term_investments) FILTER (WHERE p.place = 1),
  max(p.total_current_assets) FILTER (WHERE p.place = 1), max(p.total_current_liabilities) FILTER (WHERE p.place = 1),
  max(p.total_assets) FILTER (WHERE p.place = 1), max(p.total_liabilities) FILTER (WHERE p.place = 1),
  max(p.total_stockholders_equity) FILTER (WHERE p.place = 1), max(p.total_debt) FILTER (WHERE p.place = 1),
  max(p.net_debt) FILTER (WHERE p.place = 1),
  CASE
    WHEN max(p.number) FILTER (WHERE p.place = 1) - max(p.number) FILTER (WHERE p.place = 5) = 4
      AND count(DISTINCT p.reported_currency) = 1 AND max(p.revenue) FILTER (WHERE p.place = 5) > 0
      THEN round(max(p.revenue) FILTER (WHERE p.place = 1) / max(p.revenue) FILTER (WHERE p.place = 5) - 1, 6)
  END,
  CASE
    WHEN max(p.number) FILTER (WHERE p.place = 1) - max(p.number) FILTER (WHERE p.place = 5) = 4
      AND count(DISTINCT p.reported_currency) = 1 AND max(p.net_income) FILTER (WHERE p.place = 5) > 0
      THEN round(max(p.net_income) FILTER (WHERE p.place = 1) / max(p.net_income) FILTER (WHERE p.place = 5) - 1, 6)
  END,
  max(p.stored_at)
FROM (
  SELECT n.*, n.fiscal_year * 4 + right(n.period, 1)::int AS number
  FROM core.statement_periods(of_symbol, false, 5, close_day, price_day) n
) p
$$;
