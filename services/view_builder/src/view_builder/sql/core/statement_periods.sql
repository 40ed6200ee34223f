-- The fiscal periods of a company that its page shows: the newest four quarters (is_shown, with_shown only), and the periods that
-- make up its twelve months (is_summed: of one kind, from one end to another). Each has the cash flow and balance sheet with its
-- end and currency, preferably with its own label. common_income is the net income after preferred dividends, from the income
-- statement or else the cash flow; common_equity is the equity without preferred stock and minority interests. The shares may not
-- include a split after filed, and do not include one after learnt. A period became public with the last of its statements. Of a
-- past state (known_by, public_by), only its versions count.
-- Grain: one row per period. Key: is_yearly, date. Sources: core.reported_periods, fmp_cash_flow, fmp_balance_sheet.
-- Units: reported_currency; per share; shares.
CREATE OR REPLACE FUNCTION core.statement_periods(
  of_symbol text, of_years boolean, from_end date, to_end date,
  known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity', with_shown boolean DEFAULT true
)
RETURNS TABLE (
  is_shown boolean, is_summed boolean, fiscal_year integer, period text, date date, filing_date date,
  reported_currency text, revenue numeric, gross_profit numeric, operating_income numeric, ebitda numeric, ebit numeric,
  interest_expense numeric, net_income numeric, eps numeric, eps_diluted numeric, operating_cash_flow numeric,
  capital_expenditure numeric, free_cash_flow numeric, cash_and_short_term_investments numeric,
  total_current_assets numeric, total_current_liabilities numeric, total_assets numeric, total_liabilities numeric,
  total_stockholders_equity numeric, total_debt numeric, net_debt numeric, diluted_shares numeric, filed date, learnt date,
  common_income numeric, preferred_stock numeric, minority_interest numeric, common_equity numeric, stored_at timestamptz,
  available_at timestamptz, available_basis text, known_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT i.is_shown, i.is_summed, i.fiscal_year, i.period, i.date, i.filing_date, i.reported_currency, i.revenue,
  i.gross_profit, i.operating_income, i.ebitda, i.ebit, i.interest_expense, i.net_income, i.eps, i.eps_diluted,
  c.operating_cash_flow, c.capital_expenditure, c.free_cash_flow, b.cash_and_short_term_investments,
  b.total_current_assets, b.total_current_liabilities, b.total_assets, b.total_liabilities, b.total_stockholders_equity,
  b.total_debt, b.net_debt, i.diluted_shares, greatest(i.filing_date, i.date),
  (i.learnt_at AT TIME ZONE 'America/New_York')::date,
  CASE WHEN i.common_income <> i.net_income THEN i.common_income ELSE i.net_income - coalesce(abs(c.preferred_paid), 0) END,
  b.preferred_stock, b.minority_interest,
  core.common_equity(b.total_stockholders_equity, b.preferred_stock, b.minority_interest, b.total_equity),
  greatest(i.updated_at, c.updated_at, b.updated_at), w.available_at, w.available_basis,
  greatest(i.learnt_at, c.learnt_at, b.learnt_at)
FROM (
  SELECT p.*,
    with_shown AND NOT p.is_yearly AND row_number() OVER (PARTITION BY p.is_yearly ORDER BY p.date DESC) <= 4 AS is_shown,
    p.is_yearly = of_years AND p.date BETWEEN from_end AND to_end AS is_summed
  FROM core.reported_periods(of_symbol, known_by, public_by) p
) i
LEFT JOIN LATERAL (
  SELECT x.*, core.parse_number(x.raw_json ->> 'preferredDividendsPaid') AS preferred_paid
  FROM public.fmp_cash_flow x
  WHERE x.symbol = of_symbol AND x.date = i.date AND (x.period = 'FY') = i.is_yearly
    AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
    AND core.is_visible(x.learnt_at, x.accepted_date, x.filing_date, x.date, x.period, known_by, public_by)
  ORDER BY x.fiscal_year = i.fiscal_year AND x.period = i.period DESC, x.fiscal_year DESC, x.period DESC, x.version DESC
  LIMIT 1
) c ON true
LEFT JOIN LATERAL (
  SELECT x.*, core.parse_number(x.raw_json ->> 'preferredStock') AS preferred_stock,
    coalesce(nullif(core.parse_number(x.raw_json ->> 'totalEquity'), 0), x.total_assets - x.total_liabilities) AS total_equity
  FROM public.fmp_balance_sheet x
  WHERE x.symbol = of_symbol AND x.date = i.date AND x.reported_currency IS NOT DISTINCT FROM i.reported_currency
    AND core.is_visible(x.learnt_at, x.accepted_date, x.filing_date, x.date, x.period, known_by, public_by)
  ORDER BY x.fiscal_year = i.fiscal_year AND x.period = i.period DESC, x.fiscal_year DESC, x.period DESC, x.version DESC
  LIMIT 1
) b ON true
CROSS JOIN LATERAL (
  SELECT v.available_at, v.available_basis
  FROM (VALUES
      (core.available_at(i.accepted_date, i.filing_date, i.date, i.period),
        core.available_basis(i.accepted_date, i.filing_date, i.date)),
      (core.available_at(c.accepted_date, c.filing_date, c.date, c.period),
        core.available_basis(c.accepted_date, c.filing_date, c.date)),
      (core.available_at(b.accepted_date, b.filing_date, b.date, b.period),
        core.available_basis(b.accepted_date, b.filing_date, b.date))
  ) v (available_at, available_basis)
  ORDER BY v.available_at DESC NULLS LAST, v.available_basis LIMIT 1
) w
WHERE i.is_shown OR i.is_summed
$$;
