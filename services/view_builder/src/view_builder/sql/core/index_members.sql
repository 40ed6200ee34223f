-- The vendor's lists of members: the present entry of each member, and the last entry of a member that left without a reported
-- removal.
-- Grain: one row per index and member. Key: index_name, symbol. Sources: fmp_constituent, fmp_constituent_change.
-- Units: dates.
CREATE OR REPLACE VIEW core.index_members AS
SELECT c.index_name, c.symbol, c.name, c.sector, c.sub_sector, c.head_quarter, c.cik, c.founded,
  core.read_day(c.date_first_added) AS added_on,
  (c.valid_from AT TIME ZONE 'America/New_York')::date AS listed_on,
  (c.valid_to AT TIME ZONE 'America/New_York')::date AS left_on, c.valid_from, c.updated_at, c.run_id
FROM public.fmp_constituent c
WHERE NOT EXISTS (
    SELECT FROM public.fmp_constituent n
    WHERE n.index_name = c.index_name AND n.symbol = c.symbol
      AND (coalesce(n.valid_to, 'infinity'), n.row_id) > (coalesce(c.valid_to, 'infinity'), c.row_id)
  )
  AND NOT EXISTS (
    -- the vendor reports a removal days before or after the member leaves its list
    SELECT FROM public.fmp_constituent_change r
    WHERE r.index_name = c.index_name AND r.removed_ticker = c.symbol
      AND abs(r.date - (c.valid_to AT TIME ZONE 'America/New_York')::date) <= 30
  );
