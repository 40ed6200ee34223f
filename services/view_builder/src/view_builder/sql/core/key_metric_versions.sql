-- All versions of the vendor's key metrics, with the kind of their periods.
-- Grain: one row per version of a period. Key: symbol, fiscal_year, period, date, version. Sources: fmp_key_metric.
-- Units: fractions; ratios; as delivered.
CREATE OR REPLACE VIEW core.key_metric_versions AS
SELECT CASE x.period WHEN 'FY' THEN 'year' ELSE 'quarter' END AS period_kind, x.*
FROM public.fmp_key_metric x;
