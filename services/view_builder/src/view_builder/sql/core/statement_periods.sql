-- The newest fiscal years, or quarters, of a company, newest first (place from 1), each in its newest version, with its cash
-- flow and balance sheet of the same period and currency. eps_now and eps_diluted_now are per share of the price's day: a
-- statement counts in shares of the day on which it was filed (a restatement, on which we learnt of it), and later splits
-- divide it.
-- Grain: one row per period. Key: fiscal_year, period. Sources: fmp_income_statement, fmp_cash_flow, fmp_balance_sheet,
-- core.share_count. Units: reported_currency; per share.
CREATE OR REPLACE FUNCTION core.statement_periods(
  of_symbol text, is_yearly boolean, most integer, close_day date, price_day date
)
RETURNS TABLE (
  place bigint, fiscal_year integer, period text, date date, filing_date date, reported_currency text, revenue numeric,
  gross_profit numeric, operating_income numeric, ebitda numeric, ebit numeric, interest_expense numeric,
  net_income numeric, eps numeric, eps_diluted numeric, operating_cash_flow numeric, capital_expenditure numeric,
  free_cash_flow numeric, cash_and_short_term_investments numeric, total_current_assets numeric,
  total_current_liabilities numeric, total_assets numeric, total_liabilities numeric,
  total_stockholders_equity numeric, total_debt numeric, net_debt numeric, eps_now numeric, eps_diluted_now numeric,
  stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT row_number() OVER (ORDER BY i.fiscal_year DESC, i.period DESC), i.fiscal_year, i.period, i.date, i.filing_date,
  i.reported_currency, i.revenue, i.gross_profit, i.operating_income, i.ebitda, i.ebit, i.interest_expense, i.net_income,
  i.eps, i.eps_diluted, c.operating_cash_flow, c.capital_expenditure, c.free_cash_flow,
  b.cash_and_short_term_investments, b.total_current_assets, b.total_current_liabilities, b.total_assets,
  b.total_liabilities, b.total_stockholders_equity, b.total_debt, b.net_debt, i.eps / a.shares, i.eps_diluted / a.shares,
  greatest(i.updated_at, c.updated_at, b.updated_at)
FROM (
  SELECT DISTINCT ON (x.fiscal_year, x.period) x.*
  FROM public.fmp_income_statement x
  WHERE x.symbol = of_symbol AND (x.period = 'FY') = is_yearly
  ORDER BY x.fiscal_year DESC, x.period DESC, x.date DESC, x.version DESC LIMIT most
) i
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_cash_flow x
  WHERE x.symbol = i.symbol AND x.fiscal_year = i.fiscal_year AND x.period = i.period
    AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
  ORDER BY x.date DESC, x.version DESC LIMIT 1
) c ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM public.fmp_balance_sheet x
  WHERE x.symbol = i.symbol AND x.fiscal_year = i.fiscal_year AND x.period = i.period
    AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
  ORDER BY x.date DESC, x.version DESC LIMIT 1
) b ON true
CROSS JOIN LATERAL core.share_count(
  of_symbol, greatest(i.filing_date, i.date, CASE WHEN i.version > 1 THEN i.learnt_at::date END), close_day, price_day
) a
$$;
