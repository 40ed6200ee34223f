-- The fiscal periods of a company with the days since the ends of the four periods of their kind before. length is the length in
-- quarters or years that the dates show. It is a quarter after an end a quarter earlier, a half year if the half before it
-- exists, and a transition if it is shorter. parts is the number of periods up to this one that make twelve months by their
-- dates: 1 for a year, 4 for four quarters, 2 for two halves.
-- Grain: one row per period. Key: is_yearly, date. Sources: core.reported_periods. Units: days, reported_currency.
CREATE OR REPLACE FUNCTION core.period_spans(
  of_symbol text, known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  is_yearly boolean, date date, reported_currency text, revenue numeric, net_income numeric, updated_at timestamptz,
  days integer, length text, parts integer, first_date date
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT s.is_yearly, s.date, s.reported_currency, s.revenue, s.net_income, s.updated_at, s.days, s.length, s.parts,
  CASE s.parts WHEN 4 THEN s.date - s.days_of_three WHEN 2 THEN s.date - s.days ELSE s.date END
FROM (
  SELECT l.*,
    CASE
      WHEN l.is_yearly THEN CASE WHEN core.is_year(l.days) THEN 1 END
      WHEN core.is_half_year(l.days) THEN 2
      WHEN core.is_quarter(l.days) AND core.is_quarter(l.days_of_two - l.days)
        AND core.is_quarter(l.days_of_three - l.days_of_two) AND l.days_of_three BETWEEN 245 AND 295
        AND CASE lag(l.length, 3) OVER k
          WHEN 'half' THEN false
          WHEN 'quarter' THEN core.is_year(l.days_of_four)
          ELSE lag(l.length, 3) OVER k IS NULL
        END
        THEN 4
    END AS parts
  FROM (
    SELECT d.*,
      CASE
        WHEN d.is_yearly THEN NULL
        WHEN d.days < 75 THEN 'short'
        WHEN core.is_quarter(d.days) THEN 'quarter'
        WHEN core.is_half_year(d.days) AND core.is_year(d.days_of_two) THEN 'half'
      END AS length
    FROM (
      SELECT p.*, p.date - lag(p.date) OVER w AS days, p.date - lag(p.date, 2) OVER w AS days_of_two,
        p.date - lag(p.date, 3) OVER w AS days_of_three, p.date - lag(p.date, 4) OVER w AS days_of_four
      FROM core.reported_periods(of_symbol, known_by, public_by) p
      WINDOW w AS (PARTITION BY p.is_yearly ORDER BY p.date)
    ) d
  ) l
  WINDOW k AS (PARTITION BY l.is_yearly ORDER BY l.date)
) s
$$;
