-- All versions of the income statements, with every line that the vendor delivers. Lines have the names that readers see, because
-- several statements share some lines.
-- Grain: one row per version of a period. Key: symbol, fiscal_year, period, date, version. Sources: fmp_income_statement.
-- Units: reported_currency; shares.
CREATE OR REPLACE VIEW core.income_versions AS
SELECT i.symbol, CASE i.period WHEN 'FY' THEN 'year' ELSE 'quarter' END AS period_kind, i.date, i.fiscal_year, i.period,
  i.version, i.learnt_at, i.reported_currency, i.cik, i.filing_date, core.accepted_at(i.accepted_date, i.date) AS accepted_at,
  coalesce(core.accepted_at(i.accepted_date, i.date), core.assumed_at(i.filing_date, i.date, i.period)) AS available_at,
  i.revenue, i.cost_of_revenue, i.gross_profit,
  core.read_number(i.raw_json ->> 'researchAndDevelopmentExpenses') AS research_and_development_expenses,
  core.read_number(i.raw_json ->> 'generalAndAdministrativeExpenses') AS general_and_administrative_expenses,
  core.read_number(i.raw_json ->> 'sellingAndMarketingExpenses') AS selling_and_marketing_expenses,
  core.read_number(i.raw_json ->> 'sellingGeneralAndAdministrativeExpenses') AS selling_general_and_administrative_expenses,
  core.read_number(i.raw_json ->> 'otherExpenses') AS other_expenses, i.operating_expenses,
  core.read_number(i.raw_json ->> 'costAndExpenses') AS cost_and_expenses,
  core.read_number(i.raw_json ->> 'netInterestIncome') AS net_interest_income,
  core.read_number(i.raw_json ->> 'interestIncome') AS income_interest_income, i.interest_expense,
  core.read_number(i.raw_json ->> 'depreciationAndAmortization') AS depreciation_and_amortization, i.ebitda, i.ebit,
  core.read_number(i.raw_json ->> 'nonOperatingIncomeExcludingInterest') AS non_operating_income_excluding_interest,
  i.operating_income, core.read_number(i.raw_json ->> 'totalOtherIncomeExpensesNet') AS total_other_income_expenses_net,
  i.income_before_tax, i.income_tax_expense,
  core.read_number(i.raw_json ->> 'netIncomeFromContinuingOperations') AS net_income_from_continuing_operations,
  core.read_number(i.raw_json ->> 'netIncomeFromDiscontinuedOperations') AS net_income_from_discontinued_operations,
  core.read_number(i.raw_json ->> 'otherAdjustmentsToNetIncome') AS other_adjustments_to_net_income, i.net_income,
  core.read_number(i.raw_json ->> 'netIncomeDeductions') AS net_income_deductions,
  core.read_number(i.raw_json ->> 'bottomLineNetIncome') AS bottom_line_net_income, i.eps, i.eps_diluted,
  i.weighted_average_shs_out AS weighted_average_shares, i.weighted_average_shs_out_dil AS weighted_average_shares_diluted,
  i.updated_at, i.run_id
FROM public.fmp_income_statement i;
