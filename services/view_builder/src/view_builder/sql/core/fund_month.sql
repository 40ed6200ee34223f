-- The vendor's last delivered return of a fund over a month. Each record counts with its newest version for that month, and the
-- newest of several records counts. A later version for another month does not replace it.
-- Grain: at most one row. Key: none. Sources: core.fundata_data_settled (FundPerformanceSummary).
-- Units: fraction.
CREATE OR REPLACE FUNCTION core.fund_month(of_fund text, of_month date)
RETURNS TABLE (one_month_return numeric, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT core.percent_as_fraction(core.exact(x.one_month_return, x.raw_json, 'OneMonthReturn', 'one_month_return')),
  x.processed_at
FROM (
  SELECT DISTINCT ON (d.record_id) d.*
  FROM core.fundata_data_settled d
  WHERE d.identifier = of_fund AND d.dataset = 'FundPerformanceSummary' AND d.month_end_date = of_month
    AND d.row_ordinal = 0
  ORDER BY d.record_id, d.data_source = 'API' DESC, d.change_date DESC NULLS LAST, d.data_version DESC
) x
WHERE core.is_active(x.record_state)
ORDER BY x.data_source = 'API' DESC, x.change_date DESC NULLS LAST, x.record_id DESC LIMIT 1
$$;
