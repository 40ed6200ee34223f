-- The figures of a company's periods of one kind from one end to another, summed up, NULL if one of the parts lacks a figure; the
-- balance sheet of the last end; the newest four quarters as reported (items); and figures per share of each summed period
-- (parts), with the days on which it was filed and stored.
-- Grain: one row. Key: none. Sources: core.statement_periods. Units: reported_currency; eps per share as reported.
CREATE OR REPLACE FUNCTION core.statement_sums(
  of_symbol text, of_years boolean, from_end date, to_end date, all_parts integer,
  known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity', with_shown boolean DEFAULT true
)
RETURNS TABLE (
  items jsonb, revenue numeric, gross_profit numeric, operating_income numeric, ebitda numeric, ebit numeric,
  interest_expense numeric, net_income numeric, operating_cash_flow numeric, capital_expenditure numeric,
  free_cash_flow numeric, eps numeric, eps_diluted numeric, cash_and_short_term_investments numeric,
  total_current_assets numeric, total_current_liabilities numeric, total_assets numeric, total_liabilities numeric,
  total_stockholders_equity numeric, total_debt numeric, net_debt numeric, common_income numeric,
  preferred_stock numeric, minority_interest numeric, common_equity numeric, diluted_shares numeric, parts jsonb,
  first_filed date, stored_at timestamptz, available_at timestamptz, available_basis text, known_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'fiscal_year', p.fiscal_year, 'period', p.period, 'period_end_date', p.date, 'filing_date', p.filing_date,
    'reported_currency', p.reported_currency, 'revenue', p.revenue, 'gross_profit', p.gross_profit,
    'operating_income', p.operating_income, 'ebitda', p.ebitda, 'ebit', p.ebit,
    'interest_expense', p.interest_expense, 'net_income', p.net_income, 'eps', p.eps, 'eps_diluted', p.eps_diluted,
    'operating_cash_flow', p.operating_cash_flow, 'capital_expenditure', p.capital_expenditure,
    'free_cash_flow', p.free_cash_flow, 'cash_and_short_term_investments', p.cash_and_short_term_investments,
    'total_current_assets', p.total_current_assets, 'total_current_liabilities', p.total_current_liabilities,
    'total_assets', p.total_assets, 'total_liabilities', p.total_liabilities,
    'total_stockholders_equity', p.total_stockholders_equity, 'total_debt', p.total_debt, 'net_debt', p.net_debt
  ) ORDER BY p.date DESC) FILTER (WHERE p.is_shown), '[]'),
  core.whole_sum(count(p.revenue) FILTER (WHERE p.is_summed), sum(p.revenue) FILTER (WHERE p.is_summed), all_parts),
  core.whole_sum(
    count(p.gross_profit) FILTER (WHERE p.is_summed), sum(p.gross_profit) FILTER (WHERE p.is_summed), all_parts
  ),
  core.whole_sum(
    count(p.operating_income) FILTER (WHERE p.is_summed), sum(p.operating_income) FILTER (WHERE p.is_summed), all_parts
  ),
  core.whole_sum(count(p.ebitda) FILTER (WHERE p.is_summed), sum(p.ebitda) FILTER (WHERE p.is_summed), all_parts),
  core.whole_sum(count(p.ebit) FILTER (WHERE p.is_summed), sum(p.ebit) FILTER (WHERE p.is_summed), all_parts),
  core.whole_sum(
    count(p.interest_expense) FILTER (WHERE p.is_summed), sum(p.interest_expense) FILTER (WHERE p.is_summed), all_parts
  ),
  core.whole_sum(count(p.net_income) FILTER (WHERE p.is_summed), sum(p.net_income) FILTER (WHERE p.is_summed), all_parts),
  core.whole_sum(
    count(p.operating_cash_flow) FILTER (WHERE p.is_summed), sum(p.operating_cash_flow) FILTER (WHERE p.is_summed), all_parts
  ),
  core.whole_sum(
    count(p.capital_expenditure) FILTER (WHERE p.is_summed), sum(p.capital_expenditure) FILTER (WHERE p.is_summed), all_parts
  ),
  core.whole_sum(
    count(p.free_cash_flow) FILTER (WHERE p.is_summed), sum(p.free_cash_flow) FILTER (WHERE p.is_summed), all_parts
  ),
  core.whole_sum(count(p.eps) FILTER (WHERE p.is_summed), sum(p.eps) FILTER (WHERE p.is_summed), all_parts),
  core.whole_sum(
    count(p.eps_diluted) FILTER (WHERE p.is_summed), sum(p.eps_diluted) FILTER (WHERE p.is_summed), all_parts
  ),
  max(p.cash_and_short_term_investments) FILTER (WHERE p.is_last), max(p.total_current_assets) FILTER (WHERE p.is_last),
  max(p.total_current_liabilities) FILTER (WHERE p.is_last), max(p.total_assets) FILTER (WHERE p.is_last),
  max(p.total_liabilities) FILTER (WHERE p.is_last), max(p.total_stockholders_equity) FILTER (WHERE p.is_last),
  max(p.total_debt) FILTER (WHERE p.is_last), max(p.net_debt) FILTER (WHERE p.is_last),
  core.whole_sum(
    count(p.common_income) FILTER (WHERE p.is_summed), sum(p.common_income) FILTER (WHERE p.is_summed), all_parts
  ),
  max(p.preferred_stock) FILTER (WHERE p.is_last), max(p.minority_interest) FILTER (WHERE p.is_last),
  max(p.common_equity) FILTER (WHERE p.is_last), max(p.diluted_shares) FILTER (WHERE p.is_last),
  jsonb_agg(jsonb_build_object(
    'filed', p.filed, 'learnt', p.learnt, 'eps', p.eps, 'eps_diluted', p.eps_diluted, 'diluted_shares', p.diluted_shares,
    'is_last', p.is_last
  ) ORDER BY p.date) FILTER (WHERE p.is_summed),
  min(p.filed) FILTER (WHERE p.is_summed), max(p.stored_at),
  max(p.available_at), (array_agg(p.available_basis ORDER BY p.available_at DESC, p.available_basis))[1], max(p.known_at)
FROM (
  SELECT x.*, x.is_summed AND x.date = to_end AS is_last
  FROM core.statement_periods(of_symbol, of_years, from_end, to_end, known_by, public_by, with_shown) x
) p
$$;
