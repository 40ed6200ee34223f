-- Yields of US treasuries by day and tenor; no row if the vendor left the tenor out.
-- Grain: one row per day and tenor. Key: date, tenor. Sources: fmp_treasury_rate. Units: fraction a year.
CREATE OR REPLACE VIEW core.treasury_rates AS
SELECT r.date, t.tenor, t.tenor_months, core.percent_as_fraction(t.percent) AS yield, r.updated_at, r.run_id
FROM public.fmp_treasury_rate r
CROSS JOIN LATERAL (VALUES
  ('1M', 1, r.month1), ('2M', 2, r.month2), ('3M', 3, r.month3), ('6M', 6, r.month6),
  ('1Y', 12, r.year1), ('2Y', 24, r.year2), ('3Y', 36, r.year3), ('5Y', 60, r.year5),
  ('7Y', 84, r.year7), ('10Y', 120, r.year10), ('20Y', 240, r.year20), ('30Y', 360, r.year30)
) t (tenor, tenor_months, percent)
WHERE t.percent IS NOT NULL;
