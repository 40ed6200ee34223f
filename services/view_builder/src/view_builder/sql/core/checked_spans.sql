-- The periods of a company up to which two halves, four quarters or a year make twelve months by their dates, with the results of
-- two checks: the parts have one currency, and their revenue sums to that of the fiscal year with the same end, within 1%. A year
-- that ends less than 350 days after the one before it is a transition and checks nothing. agrees is NULL if no year has the same
-- end, and false if a revenue is missing.
-- Grain: one row per period. Key: is_yearly, date. Sources: core.period_spans. Units: days.
CREATE OR REPLACE FUNCTION core.checked_spans(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  is_yearly boolean, date date, reported_currency text, updated_at timestamptz, length text, parts integer,
  first_date date, currency_count bigint, has_one_currency boolean, agrees boolean, has_revenue boolean
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.is_yearly, c.date, c.reported_currency, c.updated_at, c.length, c.parts, c.first_date, c.currency_count,
  c.currency_count = c.parts AND c.least_currency = c.greatest_currency,
  CASE
    WHEN c.year_count > 0
      THEN coalesce(
        c.least_currency = c.year_currency AND abs(c.total_revenue - c.year_revenue) <= abs(c.year_revenue) / 100, false
      )
  END,
  c.year_revenue <> 0
FROM (
  SELECT s.*,
    CASE s.parts WHEN 4 THEN count(s.reported_currency) OVER four WHEN 2 THEN count(s.reported_currency) OVER two END
      AS currency_count,
    CASE s.parts WHEN 4 THEN min(s.reported_currency) OVER four WHEN 2 THEN min(s.reported_currency) OVER two END
      AS least_currency,
    CASE s.parts WHEN 4 THEN max(s.reported_currency) OVER four WHEN 2 THEN max(s.reported_currency) OVER two END
      AS greatest_currency,
    CASE s.parts
      WHEN 4 THEN core.whole_sum(count(s.revenue) OVER four, sum(s.revenue) OVER four, 4)
      WHEN 2 THEN core.whole_sum(count(s.revenue) OVER two, sum(s.revenue) OVER two, 2)
    END AS total_revenue,
    count(*) FILTER (WHERE s.is_yearly AND (s.days < 350) IS NOT TRUE) OVER near AS year_count,
    max(s.revenue) FILTER (WHERE s.is_yearly AND (s.days < 350) IS NOT TRUE) OVER near AS year_revenue,
    max(s.reported_currency) FILTER (WHERE s.is_yearly AND (s.days < 350) IS NOT TRUE) OVER near AS year_currency
  FROM core.period_spans(of_symbol, known_by, public_by) s
  WINDOW four AS (PARTITION BY s.is_yearly ORDER BY s.date ROWS 3 PRECEDING),
    two AS (PARTITION BY s.is_yearly ORDER BY s.date ROWS 1 PRECEDING),
    near AS (ORDER BY s.date RANGE BETWEEN INTERVAL '14 days' PRECEDING AND INTERVAL '14 days' FOLLOWING)
) c
$$;
