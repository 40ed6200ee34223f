-- Other identifiers of a fund.
-- Grain: one row. Key: none. Sources: core.fund_records (InstrumentIdentifier). Units: none.
CREATE OR REPLACE FUNCTION core.fund_identifiers(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'type', d.identifier_type, 'value', d.identifier_value
  ) ORDER BY d.identifier_type, d.identifier_value, d.record_id), max(d.processed_at)
FROM core.fund_records(of_fund, 'InstrumentIdentifier') d
$$;
