-- Trailing commissions of a fund by the number of months that it is held.
-- Grain: one row. Key: none. Sources: core.fund_records (FundTrailerSchedule). Units: months; fee as the vendor delivers it.
CREATE OR REPLACE FUNCTION core.fund_trailers(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'fund_serv_code', d.fund_serv_code, 'start_month', core.whole_number(d.start_month),
    'end_month', core.whole_number(d.end_month),
    'description', d.description, 'fee', core.exact(d.fee, d.raw_json, 'Fee', 'fee')
  ) ORDER BY d.fund_serv_code, d.start_month, d.record_id), max(d.processed_at)
FROM core.fund_records(of_fund, 'FundTrailerSchedule') d
$$;
