-- The newest ratio of each type of a fund's expenses, among them the management expense ratio (MER) and the trading expense ratio
-- (TER).
-- Grain: one row. Key: none. Sources: core.fundata_data_latest (FundExpenses). Units: fraction a year.
CREATE OR REPLACE FUNCTION core.fund_expenses(of_fund text)
RETURNS TABLE (items jsonb, mer numeric, ter numeric, processed_at timestamptz, mer_date date, ter_date date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object('type', x.expense_type, 'date', x.expense_date, 'expense_ratio', x.ratio)
    ORDER BY x.expense_type, x.record_id),
  max(x.ratio) FILTER (WHERE upper(x.expense_type) = 'MER'),
  max(x.ratio) FILTER (WHERE upper(x.expense_type) = 'TER'), max(x.processed_at),
  max(x.expense_date) FILTER (WHERE upper(x.expense_type) = 'MER'),
  max(x.expense_date) FILTER (WHERE upper(x.expense_type) = 'TER')
FROM (
  SELECT DISTINCT ON (d.expense_type) d.expense_type, d.expense_date, d.record_id, d.processed_at,
    core.percent_as_fraction(core.exact(d.expense_value, d.raw_json, 'ExpenseValue', 'expense_value')) AS ratio
  FROM core.fundata_data_latest d
  WHERE d.identifier = of_fund AND d.dataset = 'FundExpenses'
  ORDER BY d.expense_type, d.expense_date DESC NULLS LAST, d.record_id
) x
$$;
