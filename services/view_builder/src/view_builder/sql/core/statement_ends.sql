-- The ends of the periods of a company's statements, with the moments at which we stored a version of one.
-- Grain: one row per version of a statement. Key: none. Sources: fmp_income_statement, fmp_balance_sheet, fmp_cash_flow.
-- Units: moments in UTC.
CREATE OR REPLACE VIEW core.statement_ends AS
SELECT i.symbol, i.period_kind, i.date, i.learnt_at FROM core.income_versions i
UNION ALL
SELECT b.symbol, b.period_kind, b.date, b.learnt_at FROM core.balance_versions b
UNION ALL
SELECT c.symbol, c.period_kind, c.date, c.learnt_at FROM core.cash_flow_versions c;
