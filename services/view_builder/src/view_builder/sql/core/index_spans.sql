-- The periods of membership in an index: of present members, and of those that the vendor reports as removed or no longer lists.
-- The first day is the one in the member's entry, or else that of the addition before it. If both are missing, it is the first
-- day on our list for a present member, and unknown for a former one.
-- Grain: one row per membership. Key: index_name, symbol, member_until. Sources: core.index_members, core.index_removals,
-- core.index_additions. Units: dates.
CREATE OR REPLACE VIEW core.index_spans AS
SELECT m.index_name, m.symbol, m.name, m.sector, m.sub_sector, m.head_quarter, m.cik, m.founded,
  coalesce(m.added_on, a.date, m.listed_on) AS member_from,
  m.left_on AS member_until, NULL::text AS reason, m.valid_from AS known_at, m.updated_at, m.run_id
FROM core.index_members m
LEFT JOIN LATERAL (
  SELECT max(x.date) AS date FROM core.index_additions x WHERE x.index_name = m.index_name AND x.symbol = m.symbol
) a ON true
UNION ALL
SELECT r.index_name, r.symbol, r.name, NULL, NULL, NULL, NULL, NULL, a.date, r.date, r.reason, r.created_at, r.updated_at,
  r.run_id
FROM core.index_removals r
LEFT JOIN LATERAL (
  SELECT max(x.date) AS date
  FROM core.index_additions x
  WHERE x.index_name = r.index_name AND x.symbol = r.symbol AND x.date < r.date
) a ON true;
