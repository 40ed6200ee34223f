-- The funds with a benchmark whose name or returns the given runs wrote.
-- Grain: one row per fund, record and run. Key: none. Sources: fundata_data (FundAssociateBenchmark, BenchmarkGeneral,
-- BenchmarkYearlyPerformance). Units: none.
CREATE OR REPLACE FUNCTION core.fund_benchmarks_of_runs(runs uuid[]) RETURNS TABLE (identifier text, run_id uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.identifier, n.run_id
FROM core.fund_records_of_runs(runs, ARRAY['BenchmarkGeneral', 'BenchmarkYearlyPerformance']) n
JOIN public.fundata_data d ON d.dataset = 'FundAssociateBenchmark' AND d.benchmark_instrument_key = n.identifier
$$;
