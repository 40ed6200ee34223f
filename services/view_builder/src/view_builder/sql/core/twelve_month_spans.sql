-- Every end of a company's periods of each kind, with whether four quarters, two halves or a fiscal year up to it make its twelve
-- months (basis). Quarters or halves do not count if their revenue does not sum to that of their year, because they are
-- cumulative or mislabelled. Two halves need evidence that the first one is a half year: a half before it, or a year with their
-- revenue.
-- Grain: one row per period. Key: is_yearly, date. Sources: core.checked_spans. Units: days.
CREATE OR REPLACE FUNCTION core.twelve_month_spans(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  basis text, is_yearly boolean, parts integer, first_date date, date date, reported_currency text, currency_count bigint,
  has_one_currency boolean, is_contradicted boolean, stored_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN v.parts = 1 THEN 'fiscal_year'
    WHEN v.is_contradicted OR NOT v.has_one_currency THEN NULL
    WHEN v.parts = 4 THEN 'quarters'
    WHEN v.length = 'half' OR (v.parts = 2 AND v.agrees AND v.has_revenue) THEN 'half_years'
  END, v.is_yearly, v.parts, v.first_date, v.date, v.reported_currency, v.currency_count, v.has_one_currency, v.is_contradicted,
  v.stored_at
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
$$;
