-- The newest twelve months of a company: four quarters, two halves or a fiscal year, by the dates on which they end; of one
-- end, the parts before the year. Quarters or halves whose revenue does not sum to that of their year do not count: they
-- are cumulative or mislabelled. Two halves need a proof that the first is one: a half before it, or a year of their revenue.
-- Grain: one row. Key: none. Sources: core.checked_spans. Units: none; reason says why there are no twelve months.
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
  FROM (
    SELECT v.*,
      CASE
        WHEN v.parts = 1 THEN 'fiscal_year'
        WHEN v.is_contradicted OR NOT v.has_one_currency THEN NULL
        WHEN v.parts = 4 THEN 'quarters'
        WHEN v.length = 'half' OR (v.parts = 2 AND v.agrees AND v.has_revenue) THEN 'half_years'
      END AS basis
    FROM (
      SELECT c.*, max(c.updated_at) OVER () AS stored_at,
        coalesce(CASE c.parts
          WHEN 4 THEN bool_or(NOT c.agrees) FILTER (WHERE c.parts = 4 AND c.has_one_currency) OVER seven
          WHEN 2 THEN bool_or(NOT c.agrees) FILTER (WHERE c.parts = 2 AND c.has_one_currency) OVER three
        END, false) AS is_contradicted
      FROM core.checked_spans(of_symbol, known_by, public_by) c
      WINDOW seven AS (PARTITION BY c.is_yearly ORDER BY c.date ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING),
        three AS (PARTITION BY c.is_yearly ORDER BY c.date ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
    ) v
  ) r
  ORDER BY r.basis IS NULL, r.date DESC, r.is_yearly LIMIT 1
) w ON true
$$;
