-- The worst figures in the whole history of a fund, at its newest month end.
-- Grain: at most one row. Key: none. Sources: core.newest_fund_record (FundAdvancedPerformance).
-- Units: fractions; max_* as the vendor delivers them.
CREATE OR REPLACE FUNCTION core.fund_whole_history(of_fund text) RETURNS TABLE (
  month_end_date date, max_start_date date, max_end_date date, worst_monthly_return numeric,
  uninterrupted_drawdown numeric, max_percent_change numeric, max_down_length numeric, max_recovery_time numeric,
  processed_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.month_end_date, d.max_start_date, d.max_end_date,
  core.percent_as_fraction(core.exact(d.worst_monthly_return, d.raw_json, 'WorstMonthlyReturn', 'worst_monthly_return')),
  core.drawdown(core.exact(d.uninterrupted_drawdown, d.raw_json, 'UninterruptedDrawdown', 'uninterrupted_drawdown')),
  core.exact(d.max_percent_change, d.raw_json, 'MaxPercentChange', 'max_percent_change'),
  core.exact(d.max_down_length, d.raw_json, 'MaxDownLength', 'max_down_length'),
  core.exact(d.max_recovery_time, d.raw_json, 'MaxRecoveryTime', 'max_recovery_time'), d.processed_at
FROM core.newest_fund_record(of_fund, 'FundAdvancedPerformance') d
$$;
