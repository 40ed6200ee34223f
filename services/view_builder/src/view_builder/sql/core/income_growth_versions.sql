-- All versions of the vendor's growth of income items, with the kind of their periods.
-- Grain: one row per version of a period. Key: symbol, fiscal_year, period, date, version. Sources: fmp_income_growth.
-- Units: fractions.
CREATE OR REPLACE VIEW core.income_growth_versions AS
SELECT CASE x.period WHEN 'FY' THEN 'year' ELSE 'quarter' END AS period_kind, x.*
FROM public.fmp_income_growth x;
