-- treasury_curve, digest d937027efd9be33070f2e05a89119fe6;

CREATE OR REPLACE VIEW sra.treasury_curve AS
SELECT
  q.date::date,
  q.tenor::text,
  q.tenor_months::integer,
  q.rate::numeric,
  q.currency::text,
  q.as_of::timestamp with time zone,
  q.last_run_id::uuid
FROM (
SELECT r.date, t.tenor, t.months AS tenor_months, t.rate, 'USD' AS currency, r.updated_at AS as_of,
              r.run_id AS last_run_id
            FROM public.fmp_treasury_rate r CROSS JOIN LATERAL (VALUES ('month1', 1, r.month1), ('month2', 2, r.month2), ('month3', 3, r.month3), ('month6', 6, r.month6), ('year1', 12, r.year1), ('year2', 24, r.year2), ('year3', 36, r.year3), ('year5', 60, r.year5), ('year7', 84, r.year7), ('year10', 120, r.year10), ('year20', 240, r.year20), ('year30', 360, r.year30)) AS t (tenor, months, rate)
            WHERE t.rate IS NOT NULL
) q;

COMMENT ON VIEW sra.treasury_curve IS 'Yield of US treasuries per day and tenor, in percent as delivered; a tenor that the vendor left out has no row.';

COMMENT ON COLUMN sra.treasury_curve.date IS 'Day of the curve.';

COMMENT ON COLUMN sra.treasury_curve.tenor IS 'Tenor as the vendor names it: month1 to year30.';

COMMENT ON COLUMN sra.treasury_curve.tenor_months IS 'Its length. Unit: months.';

COMMENT ON COLUMN sra.treasury_curve.rate IS 'Yield. Unit: percent a year.';

COMMENT ON COLUMN sra.treasury_curve.currency IS 'Currency of the obligation.';

COMMENT ON COLUMN sra.treasury_curve.as_of IS 'When the newest source record behind this row was stored, in UTC.';

COMMENT ON COLUMN sra.treasury_curve.last_run_id IS 'The run that last changed this row: the ingest run behind it, or the build where a new query did.';
