-- The parts of twelve months whose shares may be those before a split: figures per share, and the factors that may convert them
-- to shares of a day. The factors are one, for a vendor that restated the figures, and the splits since the filing, newest first.
-- NULL if no split is that late. Price factors do not change the number of shares. Of a past state (known_by, public_by), the
-- splits that were known then. A version that was stored after a later split may already be in its shares, so such splits count
-- backwards.
-- Grain: one row. Key: none. Sources: core.splits. Units: reported_currency per share; factors.
CREATE OR REPLACE FUNCTION core.split_parts(
  of_symbol text, of_parts jsonb, first_filed date, of_day date,
  known_by timestamptz DEFAULT 'infinity', public_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (parts jsonb)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT jsonb_agg(e.part - 'filed' - 'learnt' || jsonb_build_object('factors', f.factors) ORDER BY e.place)
FROM (
  SELECT array_agg(w.date ORDER BY w.date > of_day, w.distance) AS dates,
    array_agg(w.factor ORDER BY w.date > of_day, w.distance) AS factors
  FROM (
    SELECT s.date, abs(s.date - of_day) AS distance,
      published.product(
        CASE
          WHEN s.date > of_day THEN core.quotient(s.denominator, s.numerator)
          ELSE core.quotient(s.numerator, s.denominator)
        END
      ) OVER (PARTITION BY s.date > of_day ORDER BY abs(s.date - of_day)) AS factor
    FROM core.splits(
      of_symbol, least(first_filed, of_day),
      CASE
        WHEN public_by < 'infinity'
          THEN (SELECT greatest(of_day, max((x.part ->> 'learnt')::date)) FROM jsonb_array_elements(of_parts) x (part))
        ELSE of_day
      END,
      known_by
    ) s
    WHERE NOT s.is_price_factor
  ) w
) k
CROSS JOIN LATERAL jsonb_array_elements(of_parts) WITH ORDINALITY e (part, place)
CROSS JOIN LATERAL (
  SELECT '[1]' || coalesce(jsonb_agg(k.factors[n.place] ORDER BY n.place), '[]') AS factors
  FROM generate_subscripts(k.dates, 1) n (place)
  WHERE CASE
    WHEN k.dates[n.place] > of_day THEN k.dates[n.place] <= (e.part ->> 'learnt')::date
    ELSE k.dates[n.place] > (e.part ->> 'filed')::date
  END
) f
WHERE k.dates IS NOT NULL
$$;
