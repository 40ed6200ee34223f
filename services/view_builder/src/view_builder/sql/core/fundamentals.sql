-- The statements of a company as its page shows them: the sums of its twelve months, NULL if a part lacks a figure; the balance
-- sheet at their end; the newest four quarters as reported (quarters); and the growth of the newest quarter. basis names the kind
-- of the twelve months, reason why there are none.
-- Grain: one row. Key: none. Sources: core.twelve_months, core.statement_periods, core.quarterly_growth.
-- Units: reported_currency; eps and eps_diluted per share as reported; growth is a fraction.
CREATE OR REPLACE FUNCTION core.fundamentals(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  basis text, reason text, date date, reported_currency text, revenue numeric, gross_profit numeric,
  operating_income numeric, ebitda numeric, ebit numeric, interest_expense numeric, net_income numeric,
  operating_cash_flow numeric, capital_expenditure numeric, free_cash_flow numeric, eps numeric, eps_diluted numeric,
  cash_and_short_term_investments numeric, total_current_assets numeric, total_current_liabilities numeric,
  total_assets numeric, total_liabilities numeric, total_stockholders_equity numeric, total_debt numeric,
  net_debt numeric, quarters jsonb, quarterly_revenue_growth numeric, quarterly_earnings_growth numeric,
  common_income numeric, preferred_stock numeric, minority_interest numeric, common_equity numeric,
  diluted_shares numeric, parts jsonb, first_filed date, stored_at timestamptz, available_at timestamptz,
  available_basis text, known_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT t.basis, t.reason, t.date, t.reported_currency, s.revenue, s.gross_profit, s.operating_income, s.ebitda, s.ebit,
  s.interest_expense, s.net_income, s.operating_cash_flow, s.capital_expenditure, s.free_cash_flow, s.eps,
  s.eps_diluted, s.cash_and_short_term_investments, s.total_current_assets, s.total_current_liabilities, s.total_assets,
  s.total_liabilities, s.total_stockholders_equity, s.total_debt, s.net_debt, s.items, g.revenue_growth,
  g.earnings_growth, s.common_income, s.preferred_stock, s.minority_interest, s.common_equity, s.diluted_shares, s.parts,
  s.first_filed, greatest(t.stored_at, s.stored_at), s.available_at, s.available_basis, s.known_at
FROM core.twelve_months(of_symbol, known_by, public_by) t
CROSS JOIN LATERAL core.statement_sums(
  of_symbol, t.basis = 'fiscal_year', t.first_date, t.date, t.parts, known_by, public_by
) s
CROSS JOIN LATERAL core.quarterly_growth(of_symbol, known_by, public_by) g
$$;
