-- Yields of US treasuries by day and tenor; a tenor that the vendor left out has no row.
-- Grain: one row per day and tenor. Key: date, tenor. Sources: fmp_treasury_rate. Units: percent a year, as delivered.
CREATE OR REPLACE VIEW core.treasury_rates AS
SELECT r.date, t.tenor, t.tenor_months, t.rate, r.updated_at, r.run_id
FROM public.fmp_treasury_rate r
CROSS JOIN LATERAL (VALUES
  ('month1', 1, r.month1), ('month2', 2, r.month2), ('month3', 3, r.month3), ('month6', 6, r.month6),
  ('year1', 12, r.year1), ('year2', 24, r.year2), ('year3', 36, r.year3), ('year5', 60, r.year5),
  ('year7', 84, r.year7), ('year10', 120, r.year10), ('year20', 240, r.year20), ('year30', 360, r.year30)
) t (tenor, tenor_months, rate)
WHERE t.rate IS NOT NULL;
