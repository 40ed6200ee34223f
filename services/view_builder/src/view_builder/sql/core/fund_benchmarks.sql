-- The benchmarks of a fund. Their names and returns are in separate records.
-- Grain: one row. Key: none. Sources: core.fund_records (FundAssociateBenchmark), core.fundata_data_latest (BenchmarkGeneral,
-- BenchmarkYearlyPerformance). Units: fraction a year.
CREATE OR REPLACE FUNCTION core.fund_benchmarks(of_fund text) RETURNS TABLE (items jsonb, processed_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(jsonb_build_object(
    'type', b.benchmark_type, 'identifier', b.benchmark_instrument_key, 'name', n.legal_name,
    'returns', coalesce(p.items, '[]')
  ) ORDER BY b.benchmark_type, b.record_id),
  greatest(max(b.processed_at), max(n.processed_at), max(p.processed_at))
FROM core.fund_records(of_fund, 'FundAssociateBenchmark') b
LEFT JOIN LATERAL (
  SELECT d.legal_name, d.processed_at FROM core.fundata_data_latest d
  WHERE d.identifier = b.benchmark_instrument_key AND d.dataset = 'BenchmarkGeneral'
  ORDER BY core.is_english(d.language) DESC, d.record_id LIMIT 1
) n ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(x.item ORDER BY x.year) AS items, max(x.processed_at) AS processed_at
  FROM (
    SELECT DISTINCT ON (d.year) d.year, d.processed_at, jsonb_build_object(
        'years', core.whole_number(d.year), 'month_end_date', d.month_end_date, 'month_end_return',
        core.percent_as_fraction(core.exact(d.compound_return, d.raw_json, 'CompoundReturn', 'compound_return'))
      ) AS item
    FROM core.fundata_data_latest d
    WHERE d.identifier = b.benchmark_instrument_key AND d.dataset = 'BenchmarkYearlyPerformance'
      AND core.whole_number(d.year) IS NOT NULL AND d.compound_return IS NOT NULL
    ORDER BY d.year, d.month_end_date DESC NULLS LAST, d.record_id DESC
  ) x
) p ON true
$$;
