-- The fiscal periods of a company that its page shows: the newest four quarters (is_shown), and those that are its twelve months
-- (is_summed: of a kind, from one end to another). Each has the cash flow and balance sheet of its end and currency: of its own
-- label, else of another. eps_now and eps_diluted_now are per share of the price's day: a statement counts in shares of the day
-- on which it was filed (a restatement, on which we learnt of it), and later splits divide it.
-- Grain: one row per period. Key: is_yearly, date. Sources: core.reported_periods, fmp_cash_flow, fmp_balance_sheet,
-- core.share_count. Units: reported_currency; per share.
CREATE OR REPLACE FUNCTION core.statement_periods(
  of_symbol text, of_years boolean, from_end date, to_end date, close_day date, price_day date
)
RETURNS TABLE (
  is_shown boolean, is_summed boolean, fiscal_year integer, period text, date date, filing_date date,
  reported_currency text, revenue numeric, gross_profit numeric, operating_income numeric, ebitda numeric, ebit numeric,
  interest_expense numeric, net_income numeric, eps numeric, eps_diluted numeric, operating_cash_flow numeric,
  capital_expenditure numeric, free_cash_flow numeric, cash_and_short_term_investments numeric,
  total_current_assets numeric, total_current_liabilities numeric, total_assets numeric, total_liabilities numeric,
  total_stockholders_equity numeric, total_debt numeric, net_debt numeric, eps_now numeric, eps_diluted_now numeric,
  stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT i.is_shown, i.is_summed, i.fiscal_year, i.period, i.date, i.filing_date, i.reported_currency, i.revenue,
  i.gross_profit, i.operating_income, i.ebitda, i.ebit, i.interest_expense, i.net_income, i.eps, i.eps_diluted,
  c.operating_cash_flow, c.capital_expenditure, c.free_cash_flow, b.cash_and_short_term_investments,
  b.total_current_assets, b.total_current_liabilities, b.total_assets, b.total_liabilities, b.total_stockholders_equity,
  b.total_debt, b.net_debt, i.eps / a.shares, i.eps_diluted / a.shares,
  greatest(i.updated_at, c.updated_at, b.updated_at)
FROM (
  SELECT p.*, NOT p.is_yearly AND row_number() OVER (PARTITION BY p.is_yearly ORDER BY p.date DESC) <= 4 AS is_shown,
    p.is_yearly = of_years AND p.date BETWEEN from_end AND to_end AS is_summed
  FROM core.reported_periods(of_symbol) p
) i
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_cash_flow x
  WHERE x.symbol = of_symbol AND x.date = i.date AND (x.period = 'FY') = i.is_yearly
    AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
  ORDER BY x.fiscal_year = i.fiscal_year AND x.period = i.period DESC, x.fiscal_year DESC, x.period DESC, x.version DESC
  LIMIT 1
) c ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_balance_sheet x
  WHERE x.symbol = of_symbol AND x.date = i.date AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
  ORDER BY x.fiscal_year = i.fiscal_year AND x.period = i.period DESC, x.fiscal_year DESC, x.period DESC, x.version DESC
  LIMIT 1
) b ON true
CROSS JOIN LATERAL core.share_count(
  of_symbol, greatest(i.filing_date, i.date, CASE WHEN i.version > 1 THEN i.learnt_at::date END), close_day, price_day
) a
WHERE i.is_shown OR i.is_summed
$$;
