-- The members of the S&P 500, the Nasdaq-100 and the Dow, present and former, with the days of their addition and removal.
-- Grain: one row per membership. Key: index_name, symbol, membership. Sources: fmp_constituent, fmp_constituent_change,
-- fmp_symbol_period, security. Units: dates.
-- name: rows
SELECT c.index_name, c.symbol,
  row_number() OVER (PARTITION BY c.index_name, c.symbol ORDER BY c.member_until, c.member_from) AS membership, s.security_id,
  c.name, c.sector, c.sub_sector, c.head_quarter AS headquarters, c.cik, c.founded, c.member_from, c.member_until,
  c.reason AS removal_reason, c.known_at, c.updated_at AS as_of, c.run_id AS last_run_id
FROM core.index_spans c
LEFT JOIN core.security_symbols s ON s.name = c.symbol AND s.since < coalesce(c.member_until, 'infinity')
  AND s.until >= coalesce(c.member_until, 'infinity');
-- name: example
SELECT c.symbol, c.name, c.sector FROM sra.index_constituents c
WHERE c.index_name = 'sp500' AND c.member_until IS NULL ORDER BY c.symbol;
