-- The newest twelve months of a company: four quarters, two halves or a fiscal year, by the dates on which they end. If both end
-- on one day, the parts take precedence over the year.
-- Grain: one row. Key: none. Sources: core.twelve_month_spans. Units: none; reason says why there are no twelve months.
CREATE OR REPLACE FUNCTION core.twelve_months(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  basis text, reason text, parts integer, first_date date, date date, reported_currency text, stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT w.basis, coalesce(w.reason, CASE WHEN w.basis IS NULL THEN 'no_statements' END),
  CASE WHEN w.basis IS NOT NULL THEN w.parts END, CASE WHEN w.basis IS NOT NULL THEN w.first_date END,
  CASE WHEN w.basis IS NOT NULL THEN w.date END, CASE WHEN w.basis IS NOT NULL THEN w.reported_currency END, w.stored_at
FROM (SELECT 1) one
LEFT JOIN LATERAL (
  SELECT r.*,
    CASE
      WHEN r.basis IS NOT NULL THEN NULL
      WHEN r.currency_count < r.parts THEN 'currency_unknown'
      WHEN NOT r.has_one_currency THEN 'currency_changed'
      WHEN r.is_contradicted THEN 'revenue_disagrees'
      ELSE 'no_whole_period'
    END AS reason
  FROM core.twelve_month_spans(of_symbol, known_by, public_by) r
  ORDER BY r.basis IS NULL, r.date DESC, r.is_yearly LIMIT 1
) w ON true
$$;
