-- Growth of a company's newest quarter (or half) against the period that ended a year before. NULL unless exactly one such period
-- exists, in the same currency, of the same length by its dates, and with a figure above zero.
-- Grain: one row. Key: none. Sources: core.period_spans. Units: fraction.
CREATE OR REPLACE FUNCTION core.quarterly_growth(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (revenue_growth numeric, earnings_growth numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT round(core.growth(n.revenue, CASE WHEN n.is_comparable AND n.base_revenue > 0 THEN n.base_revenue END), 6),
  round(core.growth(n.net_income, CASE WHEN n.is_comparable AND n.base_income > 0 THEN n.base_income END), 6)
FROM (SELECT 1) one
LEFT JOIN LATERAL (
  SELECT s.revenue, s.net_income, max(s.revenue) OVER year_before AS base_revenue,
    max(s.net_income) OVER year_before AS base_income,
    count(*) OVER year_before = 1 AND max(s.reported_currency) OVER year_before = s.reported_currency
      AND (max(s.length) OVER year_before <> s.length) IS NOT TRUE AS is_comparable
  FROM core.period_spans(of_symbol, known_by, public_by) s
  WHERE NOT s.is_yearly
  WINDOW year_before AS (
    ORDER BY s.date RANGE BETWEEN INTERVAL '380 days' PRECEDING AND INTERVAL '350 days' PRECEDING
  )
  ORDER BY s.date DESC LIMIT 1
) n ON true
$$;
