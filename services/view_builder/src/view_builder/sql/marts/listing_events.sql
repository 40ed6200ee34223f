-- Renames, delistings and moves of listings to another exchange, including those of securities that are not in the universe.
-- Grain: one row per event. Key: event, symbol, date, ordinal. Sources: fmp_symbol_change, fmp_delisted, fmp_universe,
-- fmp_symbol_period, security. Units: dates.
-- Without origins: event.
-- name: rows
SELECT e.event, e.symbol, e.date,
  row_number() OVER (PARTITION BY e.event, e.symbol, e.date ORDER BY e.new_symbol, e.exchange, e.new_exchange) AS ordinal,
  s.security_id, e.new_symbol, e.exchange, e.new_exchange, e.company_name AS name, e.ipo_date, e.created_at AS known_at,
  e.updated_at AS as_of, e.run_id AS last_run_id
FROM core.listing_changes e
LEFT JOIN core.security_symbols s ON s.name = e.symbol AND e.of_day >= s.since AND e.of_day < s.until;
-- name: example
SELECT l.date, l.event, l.symbol, l.new_symbol, l.name FROM sra.listing_events l ORDER BY l.date DESC LIMIT 50;
