-- The vendor's annualised returns of a fund over 1, 3, 5 and 10 years to every month end that we stored: of each record the
-- newest version of that month, of several such records the one that core.newest_fund_year would choose.
-- Grain: one row per span and month end. Key: years, month_end_date. Sources: core.fundata_data_settled
-- (FundYearlyPerformance). Units: fraction a year.
CREATE OR REPLACE FUNCTION core.fund_return_months(of_fund text) RETURNS TABLE (
  years integer, month_end_date date, month_end_return numeric, processed_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT DISTINCT ON (x.year, x.month_end_date) x.year::integer, x.month_end_date,
  core.percent_as_fraction(core.exact(x.compound_return, x.raw_json, 'CompoundReturn', 'compound_return')), x.processed_at
FROM (
  SELECT DISTINCT ON (d.record_id, d.month_end_date) d.*
  FROM core.fundata_data_settled d
  WHERE d.identifier = of_fund AND d.dataset = 'FundYearlyPerformance' AND d.year IN (1, 3, 5, 10)
    AND d.month_end_date IS NOT NULL AND d.row_ordinal = 0
  ORDER BY d.record_id, d.month_end_date, d.data_source = 'API' DESC, d.change_date DESC NULLS LAST, d.data_version DESC
) x
WHERE core.is_active(x.record_state)
ORDER BY x.year, x.month_end_date, x.record_id DESC
$$;
