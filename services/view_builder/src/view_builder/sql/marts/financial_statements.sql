-- The newest state of every fiscal period of every company. If several listings of an issuer have a period, one counts: active
-- listings first, then by symbol.
-- Grain: one row per company, kind of period and end. Key: issuer_id, period_kind, period_end_date.
-- Sources: sra.financial_statements_history. Units: reported_currency; shares.
-- name: rows
SELECT h.*
FROM sra.financial_statements_history h
JOIN sra.security_master m ON m.source = 'fmp' AND m.identifier = h.symbol
WHERE h.is_newest AND NOT EXISTS (
    SELECT FROM sra.security_master o
    JOIN core.statement_ends e ON e.symbol = o.identifier AND e.period_kind = h.period_kind AND e.date = h.period_end_date
    WHERE o.source = 'fmp' AND o.issuer_id = h.issuer_id AND (o.is_active, m.identifier) > (m.is_active, o.identifier)
  );
-- name: as_of
SELECT DISTINCT ON (h.symbol, h.period_kind, h.period_end_date) h.*
FROM sra.financial_statements_history h
WHERE (symbols IS NULL OR h.symbol = ANY(symbols)) AND h.available_at <= least(at, now())
  AND (mode = 'reported' OR h.known_at <= least(at, now()))
ORDER BY h.symbol, h.period_kind, h.period_end_date, h.version DESC;
-- name: example
SELECT s.period_end_date, s.revenue, s.gross_profit, s.net_income FROM sra.financial_statements s
WHERE s.symbol = 'AAPL' AND s.period_kind = 'year' ORDER BY s.period_end_date DESC;
