-- The dividends of a listing until a day. If the vendor delivers a day under two symbols, the present symbol counts. Dividends
-- are looked up by symbol, even if the planner takes the table for small (OFFSET 0). Of a past state, those that we knew at
-- known_by.
-- Grain: one row per payment. Key: row_id. Sources: fmp_dividend, fmp_symbol_alias, fmp_symbol_period.
-- Units: currency of the listing per share of the ex-date, as delivered.
CREATE OR REPLACE FUNCTION core.dividends(
  of_symbol text, until_day date, known_by timestamptz DEFAULT 'infinity'
)
RETURNS TABLE (
  date date, dividend numeric, declaration_date date, record_date date, payment_date date, row_id bigint,
  updated_at timestamptz, run_id uuid, frequency text
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT r.date, r.dividend, r.declaration_date, r.record_date, r.payment_date, r.row_id, r.updated_at, r.run_id,
  r.frequency
FROM (
  SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY n.until DESC NULLS FIRST) AS name_rank
  FROM core.listing_names(of_symbol) n
  CROSS JOIN LATERAL (
    SELECT d.* FROM public.fmp_dividend d
    WHERE core.is_of_name(d.symbol, d.date, n.name, n.since, n.until)
      AND core.is_dividend(core.ended_by(d.valid_from, d.valid_to, known_by), d.dividend)
      AND d.date <= until_day
    OFFSET 0
  ) x
) r
WHERE r.name_rank = 1
$$;
