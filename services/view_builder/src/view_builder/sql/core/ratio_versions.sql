-- All versions of the vendor's ratios, with the kind of their periods.
-- Grain: one row per version of a period. Key: symbol, fiscal_year, period, date, version. Sources: fmp_ratio.
-- Units: fractions; ratios; as delivered.
CREATE OR REPLACE VIEW core.ratio_versions AS
SELECT CASE x.period WHEN 'FY' THEN 'year' ELSE 'quarter' END AS period_kind, x.*
FROM public.fmp_ratio x;
