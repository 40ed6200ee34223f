-- Every version of the cash flow statements with all lines that the vendor delivers, under the names that
-- readers see, since statements share some.
-- Grain: one row per version of a period. Key: symbol, fiscal_year, period, date, version. Sources: fmp_cash_flow.
-- Units: reported_currency.
CREATE OR REPLACE VIEW core.cash_flow_versions AS
SELECT c.symbol, CASE c.period WHEN 'FY' THEN 'year' ELSE 'quarter' END AS period_kind, c.date, c.fiscal_year, c.period,
  c.version, c.learnt_at, c.reported_currency, c.cik, c.filing_date, core.accepted_at(c.accepted_date, c.date) AS accepted_at,
  coalesce(core.accepted_at(c.accepted_date, c.date), core.assumed_at(c.filing_date, c.date, c.period)) AS available_at,
  c.net_income AS cash_flow_net_income, c.depreciation_and_amortization AS cash_flow_depreciation_and_amortization,
  core.read_number(c.raw_json ->> 'deferredIncomeTax') AS deferred_income_tax, c.stock_based_compensation,
  core.read_number(c.raw_json ->> 'changeInWorkingCapital') AS change_in_working_capital,
  core.read_number(c.raw_json ->> 'accountsReceivables') AS cash_flow_accounts_receivables,
  core.read_number(c.raw_json ->> 'inventory') AS cash_flow_inventory,
  core.read_number(c.raw_json ->> 'accountsPayables') AS accounts_payables,
  core.read_number(c.raw_json ->> 'otherWorkingCapital') AS other_working_capital,
  core.read_number(c.raw_json ->> 'otherNonCashItems') AS other_non_cash_items,
  core.read_number(c.raw_json ->> 'netCashProvidedByOperatingActivities') AS net_cash_provided_by_operating_activities,
  core.read_number(c.raw_json ->> 'investmentsInPropertyPlantAndEquipment') AS investments_in_property_plant_and_equipment,
  core.read_number(c.raw_json ->> 'acquisitionsNet') AS acquisitions_net,
  core.read_number(c.raw_json ->> 'purchasesOfInvestments') AS purchases_of_investments,
  core.read_number(c.raw_json ->> 'salesMaturitiesOfInvestments') AS sales_maturities_of_investments,
  core.read_number(c.raw_json ->> 'otherInvestingActivities') AS other_investing_activities,
  core.read_number(c.raw_json ->> 'netCashProvidedByInvestingActivities') AS net_cash_provided_by_investing_activities,
  c.net_debt_issuance, core.read_number(c.raw_json ->> 'longTermNetDebtIssuance') AS long_term_net_debt_issuance,
  core.read_number(c.raw_json ->> 'shortTermNetDebtIssuance') AS short_term_net_debt_issuance,
  core.read_number(c.raw_json ->> 'netStockIssuance') AS net_stock_issuance,
  core.read_number(c.raw_json ->> 'netCommonStockIssuance') AS net_common_stock_issuance,
  core.read_number(c.raw_json ->> 'commonStockIssuance') AS common_stock_issuance, c.common_stock_repurchased,
  core.read_number(c.raw_json ->> 'netPreferredStockIssuance') AS net_preferred_stock_issuance, c.net_dividends_paid,
  core.read_number(c.raw_json ->> 'commonDividendsPaid') AS common_dividends_paid,
  core.read_number(c.raw_json ->> 'preferredDividendsPaid') AS preferred_dividends_paid,
  core.read_number(c.raw_json ->> 'otherFinancingActivities') AS other_financing_activities,
  core.read_number(c.raw_json ->> 'netCashProvidedByFinancingActivities') AS net_cash_provided_by_financing_activities,
  core.read_number(c.raw_json ->> 'effectOfForexChangesOnCash') AS effect_of_forex_changes_on_cash, c.net_change_in_cash,
  core.read_number(c.raw_json ->> 'cashAtEndOfPeriod') AS cash_at_end_of_period,
  core.read_number(c.raw_json ->> 'cashAtBeginningOfPeriod') AS cash_at_beginning_of_period, c.operating_cash_flow,
  c.capital_expenditure, c.free_cash_flow, core.read_number(c.raw_json ->> 'incomeTaxesPaid') AS income_taxes_paid,
  core.read_number(c.raw_json ->> 'interestPaid') AS interest_paid, c.updated_at, c.run_id
FROM public.fmp_cash_flow c;
