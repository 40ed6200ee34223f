-- The latest day, up to the given one, from which the distributions of a fund can be matched without earlier ones. No quote and
-- record on different sides of it are close and equal in amount, in any of their versions. The amounts of a day with several
-- records do not count here, because their sum may match.
-- Grain: one row. Key: none. Sources: fundata_data (FundDistribution), fundata_quotes. Units: days.
CREATE OR REPLACE FUNCTION core.distribution_start(of_fund text, of_day date) RETURNS TABLE (day date)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH RECURSIVE chain (day) AS (
  SELECT of_day
  UNION ALL
  SELECT x.day
  FROM chain c
  CROSS JOIN LATERAL (
    SELECT min(least(q.date, r.date)) AS day
    FROM public.fundata_data r
    CROSS JOIN LATERAL (
      SELECT o.date, core.quoted_total(o.total_distribution, o.raw_json) AS total
      FROM public.fundata_quotes o
      WHERE o.identifier = of_fund AND o.date BETWEEN r.date - 9 AND r.date + 9 AND o.total_distribution IS NOT NULL
      OFFSET 0
    ) q
    WHERE r.identifier = of_fund AND r.dataset = 'FundDistribution' AND r.date BETWEEN c.day - 9 AND c.day + 9
      AND least(q.date, r.date) < c.day AND greatest(q.date, r.date) >= c.day AND core.are_close_days(q.date, r.date)
      AND q.total <> 0
      AND (
        q.total = core.exact(r.total_distribution, r.raw_json, 'TotalDistribution', 'total_distribution')
        OR EXISTS (
          SELECT FROM public.fundata_data o
          WHERE o.identifier = of_fund AND o.dataset = 'FundDistribution' AND o.date = r.date
            AND o.record_id <> r.record_id
        )
      )
  ) x
  WHERE x.day IS NOT NULL
)
SELECT min(c.day) FROM chain c
$$;
