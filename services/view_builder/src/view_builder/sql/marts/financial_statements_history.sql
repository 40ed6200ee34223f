-- Every state of every fiscal period of every listing with statements. Each stored version of a statement starts a new state. A
-- state combines the newest versions, at that time, of the three statements with the same kind, end and currency.
-- Grain: one row per listing, kind of period, end and moment of storage. Key: security_id, symbol, period_kind, period_end_date,
-- version. Sources: fmp_income_statement, fmp_balance_sheet, fmp_cash_flow. Units: reported_currency; shares.
-- Without origins: version.
-- name: rows
SELECT m.issuer_id, m.security_id, m.identifier AS symbol, k.period_kind, k.date AS period_end_date,
  coalesce(i.fiscal_year, b.fiscal_year, c.fiscal_year) AS fiscal_year, coalesce(i.period, b.period, c.period) AS fiscal_period,
  coalesce(i.reported_currency, b.reported_currency, c.reported_currency) AS reported_currency,
  i.revenue, i.cost_of_revenue, i.gross_profit, i.research_and_development_expenses, i.general_and_administrative_expenses,
  i.selling_and_marketing_expenses, i.selling_general_and_administrative_expenses, i.other_expenses, i.operating_expenses,
  i.cost_and_expenses, i.net_interest_income, i.income_interest_income, i.interest_expense, i.depreciation_and_amortization,
  i.ebitda, i.ebit, i.non_operating_income_excluding_interest, i.operating_income, i.total_other_income_expenses_net,
  i.income_before_tax, i.income_tax_expense, i.net_income_from_continuing_operations, i.net_income_from_discontinued_operations,
  i.other_adjustments_to_net_income, i.net_income, i.net_income_deductions, i.bottom_line_net_income, i.eps, i.eps_diluted,
  i.weighted_average_shares, i.weighted_average_shares_diluted, b.cash_and_cash_equivalents, b.short_term_investments,
  b.cash_and_short_term_investments, b.net_receivables, b.accounts_receivables, b.other_receivables, b.inventory, b.prepaids,
  b.other_current_assets, b.total_current_assets, b.property_plant_equipment_net, b.goodwill, b.intangible_assets,
  b.goodwill_and_intangible_assets, b.long_term_investments, b.tax_assets, b.other_non_current_assets,
  b.total_non_current_assets, b.other_assets, b.total_assets, b.total_payables, b.account_payables, b.other_payables,
  b.accrued_expenses, b.short_term_debt, b.capital_lease_obligations_current, b.tax_payables, b.deferred_revenue,
  b.other_current_liabilities, b.total_current_liabilities, b.long_term_debt, b.capital_lease_obligations_non_current,
  b.deferred_revenue_non_current, b.deferred_tax_liabilities_non_current, b.other_non_current_liabilities,
  b.total_non_current_liabilities, b.other_liabilities, b.capital_lease_obligations, b.total_liabilities, b.treasury_stock,
  b.preferred_stock, b.common_stock, b.retained_earnings, b.additional_paid_in_capital,
  b.accumulated_other_comprehensive_income_loss, b.other_total_stockholders_equity, b.total_stockholders_equity, b.total_equity,
  b.minority_interest, b.total_liabilities_and_total_equity, b.total_investments, b.total_debt, b.net_debt,
  c.cash_flow_net_income, c.cash_flow_depreciation_and_amortization, c.deferred_income_tax, c.stock_based_compensation,
  c.change_in_working_capital, c.cash_flow_accounts_receivables, c.cash_flow_inventory, c.accounts_payables,
  c.other_working_capital, c.other_non_cash_items, c.net_cash_provided_by_operating_activities,
  c.investments_in_property_plant_and_equipment, c.acquisitions_net, c.purchases_of_investments,
  c.sales_maturities_of_investments, c.other_investing_activities, c.net_cash_provided_by_investing_activities,
  c.net_debt_issuance, c.long_term_net_debt_issuance, c.short_term_net_debt_issuance, c.net_stock_issuance,
  c.net_common_stock_issuance, c.common_stock_issuance, c.common_stock_repurchased, c.net_preferred_stock_issuance,
  c.net_dividends_paid, c.common_dividends_paid, c.preferred_dividends_paid, c.other_financing_activities,
  c.net_cash_provided_by_financing_activities, c.effect_of_forex_changes_on_cash, c.net_change_in_cash, c.cash_at_end_of_period,
  c.cash_at_beginning_of_period, c.operating_cash_flow, c.capital_expenditure, c.free_cash_flow, c.income_taxes_paid,
  c.interest_paid,
  coalesce(i.cik, b.cik, c.cik) AS cik, greatest(i.filing_date, b.filing_date, c.filing_date) AS filing_date,
  greatest(i.accepted_at, b.accepted_at, c.accepted_at) AS accepted_at,
  greatest(i.available_at, b.available_at, c.available_at) AS available_at, k.learnt_at AS known_at,
  row_number() OVER state AS version, lead(k.learnt_at) OVER state IS NULL AS is_newest,
  greatest(i.updated_at, b.updated_at, c.updated_at) AS as_of,
  -- a statement in another currency starts a state but is not part of it
  coalesce(
    CASE k.learnt_at WHEN i.learnt_at THEN i.run_id WHEN b.learnt_at THEN b.run_id WHEN c.learnt_at THEN c.run_id END,
    i.run_id, b.run_id, c.run_id
  ) AS last_run_id
FROM sra.security_master m
CROSS JOIN LATERAL (
  SELECT DISTINCT e.period_kind, e.date, e.learnt_at FROM core.statement_ends e WHERE e.symbol = m.identifier
) k
LEFT JOIN LATERAL (
  SELECT x.* FROM core.income_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date AND x.learnt_at <= k.learnt_at
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) i ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM core.balance_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date AND x.learnt_at <= k.learnt_at
    AND (i.symbol IS NULL OR x.reported_currency IS NOT DISTINCT FROM i.reported_currency)
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) b ON true
LEFT JOIN LATERAL (
  SELECT x.* FROM core.cash_flow_versions x
  WHERE x.symbol = m.identifier AND x.period_kind = k.period_kind AND x.date = k.date AND x.learnt_at <= k.learnt_at
    AND (
      coalesce(i.symbol, b.symbol) IS NULL
      OR x.reported_currency IS NOT DISTINCT FROM coalesce(i.reported_currency, b.reported_currency)
    )
  ORDER BY x.learnt_at DESC, x.fiscal_year DESC, x.period DESC, x.version DESC LIMIT 1
) c ON true
WHERE m.source = 'fmp'
WINDOW state AS (
  PARTITION BY m.issuer_id, m.security_id, m.identifier, k.period_kind, k.date ORDER BY k.learnt_at
);
-- name: example
SELECT s.period_end_date, s.version, s.revenue, s.net_income, s.available_at, s.known_at
FROM sra.financial_statements_history s
WHERE s.symbol = 'AAPL' AND s.period_kind = 'quarter' ORDER BY s.period_end_date DESC, s.version;
