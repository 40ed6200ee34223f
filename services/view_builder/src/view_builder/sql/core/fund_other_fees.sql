-- Fees of a fund other than the expense ratios.
-- Grain: one row. Key: none. Sources: core.fund_records (FundOtherFee). Units: as delivered.
CREATE OR REPLACE FUNCTION core.fund_other_fees(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'type', d.fee_type, 'value', core.exact(d.value, d.raw_json, 'Value', 'value'), 'days', core.whole_number(d.days),
    'paid_by', d.paid_by, 'note', d.fee_note
  ) ORDER BY d.fee_type, d.record_id), max(d.processed_at)
FROM core.fund_records(of_fund, 'FundOtherFee') d
$$;
