-- The ends of the periods for which the vendor delivers growth.
-- Grain: one row per version and table. Key: none. Sources: fmp_financial_growth, fmp_income_growth,
-- fmp_balance_sheet_growth, fmp_cash_flow_growth. Units: dates.
CREATE OR REPLACE VIEW core.growth_ends AS
SELECT f.symbol, f.period_kind, f.date FROM core.financial_growth_versions f
UNION ALL
SELECT i.symbol, i.period_kind, i.date FROM core.income_growth_versions i
UNION ALL
SELECT b.symbol, b.period_kind, b.date FROM core.balance_growth_versions b
UNION ALL
SELECT c.symbol, c.period_kind, c.date FROM core.cash_flow_growth_versions c;
